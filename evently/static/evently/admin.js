/* What the admin's screens need beyond django-unfold's scripts. */
(() => {
  "use strict";

  /** Icons are words in an icon font: drawn for the eye. What has nothing but an icon gets a name. */
  function nameIcons() {
    for (const icon of document.querySelectorAll(".material-symbols-outlined")) {
      icon.ariaHidden = "true";
      const name = document.querySelector(`meta[name="name-of-${icon.textContent.trim()}"]`);
      const control = icon.closest("a, button");
      const isAlone = control?.textContent.trim() === icon.textContent.trim();
      if (name && isAlone) control.ariaLabel = name.content;
    }
  }

  /** Select2 puts a box of its own in place of a field, and forgets the field's label. */
  function labelBoxes() {
    for (const field of document.querySelectorAll("select.select2-hidden-accessible")) {
      const [label] = field.labels;
      if (!label) continue;
      label.id ||= `${field.id}-label`;
      const parts = field.nextElementSibling.querySelectorAll("[role=combobox], [role=textbox]");
      for (const part of parts) part.setAttribute("aria-labelledby", label.id);
    }
  }

  /** A first event is most likely where its organiser sits. */
  function proposeZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const select = document.querySelector("select[data-browser-zone]");
    if (select?.querySelector(`option[value="${CSS.escape(zone)}"]`)) select.value = zone;
  }

  /** Django's own script goes to the first field; what is wrong with the form comes first. */
  function readErrors() {
    document.querySelector("[data-error-summary]")?.focus();
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameIcons();
    proposeZone();
  });
  document.addEventListener("htmx:afterSwap", nameIcons);
  addEventListener("load", () => {
    labelBoxes();
    readErrors();
  });
})();
