/* What the admin's screens need beyond django-unfold's scripts. */
(() => {
  "use strict";

  /** Icons are words in an icon font: drawn for the eye, not to be read out. */
  function hideIcons() {
    for (const icon of document.querySelectorAll(".material-symbols-outlined")) icon.ariaHidden = "true";
  }

  /** A first event is most likely where its organiser sits. */
  function proposeZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const select = document.querySelector("select[data-browser-zone]");
    if (select?.querySelector(`option[value="${CSS.escape(zone)}"]`)) select.value = zone;
  }

  document.addEventListener("DOMContentLoaded", () => {
    hideIcons();
    proposeZone();
  });
  document.addEventListener("htmx:afterSwap", hideIcons);
})();
