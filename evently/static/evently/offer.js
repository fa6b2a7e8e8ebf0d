/* The time left to take an offer: counted down, and said aloud at 5, 1 and 0 minutes. */
(() => {
  "use strict";

  const SPOKEN_AT = [300, 60];
  const READ_MS = 5000;
  const root = document.querySelector("[data-countdown]");
  const words = JSON.parse(document.getElementById("offer-words").textContent);
  const shown = root.querySelector("[data-show=left]");
  const bar = root.querySelector("progress");
  const voice = root.querySelector("[data-speak]");
  // Counted from what the server said, by a clock that nobody sets.
  const end = performance.now() + Number(root.dataset.countdown) * 1000;
  let timer;
  let last = Number(root.dataset.countdown) + 1;

  function clock(seconds) {
    const parts = [Math.floor(seconds / 60), seconds % 60];
    if (seconds >= 3600) parts.splice(0, 1, Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60);
    return parts.map((part, place) => String(part).padStart(place ? 2 : 1, "0")).join(":");
  }

  function speak(seconds) {
    const reached = SPOKEN_AT.find((mark) => last > mark && seconds <= mark);
    if (reached) voice.textContent = words[reached];
    last = seconds;
  }

  function tick() {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    shown.textContent = clock(seconds);
    bar.value = seconds;
    if (seconds <= SPOKEN_AT.at(-1)) bar.className = "meter few-left";
    if (!seconds) return finish();
    speak(seconds);
  }

  function finish() {
    clearInterval(timer);
    voice.textContent = words.over;
    root.querySelector("p").textContent = words.over;
    // When that is read, the page itself says what became of the seats.
    setTimeout(() => location.reload(), READ_MS);
  }

  timer = setInterval(tick, 1000);
  tick();
  // From the back button comes an old page, whose clock stood still.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
})();
