/* Makes pages live: seats, price and status move by themselves. Every page works without it. */
(() => {
  "use strict";

  const POLL_CATALOGUE_MS = 5000;
  const POLL_EVENT_MS = 2000;
  const SPEAK_EVERY_MS = 10000;
  const LONGEST_WAIT_MS = 30000;
  // The server says how many look on every 20 s: a longer silence means that the line is dead.
  const SILENCE_MS = 60000;
  const TRIES_BEFORE_POLLING = 2;
  const NO_SUCH_EVENT = 4404;

  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const number = (value) => new Intl.NumberFormat(root.lang).format(value);
  const plural = (forms, count) => forms[new Intl.PluralRules(root.lang).select(count)] ?? forms.other;

  let words;

  // --- Colours: the reader's own choice, kept in this browser, set before anything is drawn ---

  function theme() {
    const kept = localStorage.getItem("theme");
    if (kept) return kept;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function wireThemeSwitch(button) {
    button.hidden = false;
    button.textContent = words.themes[theme()];
    button.addEventListener("click", () => {
      const next = theme() === "dark" ? "light" : "dark";
      localStorage.setItem("theme", next);
      root.dataset.theme = next;
      button.textContent = words.themes[next];
    });
  }

  // --- What a state looks like --------------------------------------------------------------

  function money(amount, currency) {
    if (Number(amount) === 0) return words.free;
    return new Intl.NumberFormat(root.lang, { style: "currency", currency }).format(amount);
  }

  function saleState(state, endsAt) {
    if (state.status === "cancelled" || state.status === "draft") return state.status;
    if (state.status === "completed" || new Date(endsAt) <= new Date()) return "past";
    if (state.available_seats === 0) return "sold-out";
    const few = Math.max(words.few, Math.floor(state.capacity / 10));
    return state.available_seats <= few ? "few-left" : "on-sale";
  }

  function seatsLeft(state) {
    if (state.available_seats === 0) return words.none;
    return fill(plural(words.left, state.capacity), {
      left: number(state.available_seats),
      capacity: number(state.capacity),
    });
  }

  function write(element, text) {
    if (!element || element.textContent.trim() === text) return;
    element.textContent = text;
    element.classList.remove("flash");
    void element.offsetWidth; // Let the animation begin anew.
    element.classList.add("flash");
  }

  /** Bring everything inside `place` to this state, unless it is older than what is shown. */
  function show(place, state) {
    if (state.version <= Number(place.dataset.version)) return false;
    place.dataset.version = state.version;
    const sale = saleState(state, place.dataset.ends);
    const meter = find("[data-show=meter]", place);
    meter.max = state.capacity;
    meter.value = state.capacity - state.available_seats;
    meter.className = `meter ${sale}`;
    const chip = find("[data-show=chip]", place);
    chip.className = `chip ${sale}`;
    write(chip, words.chips[sale]);
    write(find("[data-show=seats]", place), seatsLeft(state));
    write(find("[data-show=price]", place), money(state.price, place.dataset.currency));
    return true;
  }

  async function ask(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  /** Do the job every so often while the page is seen, and at once when it is seen again. */
  function whileSeen(job, everyMs) {
    let timer;
    const round = async () => {
      clearTimeout(timer);
      if (document.hidden) return;
      try {
        await job();
      } catch {
        // Asked again in the next round.
      }
      clearTimeout(timer);
      timer = setTimeout(round, everyMs);
    };
    document.addEventListener("visibilitychange", round);
    timer = setTimeout(round, everyMs);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", round);
    };
  }

  // --- The catalogue asks for its cards -------------------------------------------------------

  function pollCatalogue(list) {
    const cards = new Map(findAll("[data-event]", list).map((card) => [card.dataset.event, card]));
    whileSeen(async () => {
      const { results } = await ask(list.dataset.poll);
      const told = new Set();
      for (const event of results) {
        told.add(event.id);
        if (cards.has(event.id)) show(cards.get(event.id), event);
      }
      // What is no longer listed is asked for by itself: sold out, cancelled or over.
      for (const [id, card] of cards) {
        if (!told.has(id)) show(card, await ask(`/api/v1/events/${id}`));
      }
    }, POLL_CATALOGUE_MS);
  }

  // --- The page of one event has a live line ---------------------------------------------------

  /** Says the newest text to screen readers, at most every ten seconds. */
  function speaker(element) {
    let last = 0;
    let timer;
    return (text) => {
      clearTimeout(timer);
      const wait = Math.max(0, last + SPEAK_EVERY_MS - Date.now());
      timer = setTimeout(() => {
        last = Date.now();
        element.textContent = text;
      }, wait);
    };
  }

  function liveEvent(place) {
    const id = place.dataset.event;
    const speak = speaker(find("[data-speak]", place));
    const dot = find("[data-connection]", place);
    let tries = 0;
    let stopPolling = null;
    let silence;

    function connection(state) {
      dot.hidden = false;
      dot.className = `connection ${state}`;
      dot.textContent = words.connection[state];
    }

    function take(state) {
      if (!show(place, state)) return;
      const isSoldOut = state.available_seats === 0;
      const open = find("[data-open]", place);
      if (open) {
        open.hidden = isSoldOut || state.status !== "published";
        find("[data-sold-out]", place).hidden = !isSoldOut;
        find("[data-book]", open).dataset.price = state.price;
        total(open);
      }
      speak(seatsLeft(state));
    }

    function takeViewers(viewers) {
      const text = viewers > 1 ? ` · ${fill(plural(words.viewers, viewers), { viewers: number(viewers) })}` : "";
      find("[data-show=viewers]", place).textContent = text;
    }

    function poll() {
      connection("polling");
      takeViewers(0);
      stopPolling ??= whileSeen(async () => take(await ask(`/api/v1/events/${id}`)), POLL_EVENT_MS);
    }

    function isUp() {
      tries = 0;
      stopPolling?.();
      stopPolling = null;
      connection("live");
    }

    function retry() {
      tries += 1;
      if (tries >= TRIES_BEFORE_POLLING) poll();
      else connection("reconnecting");
      const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** (tries - 1));
      setTimeout(connect, wait * (0.5 + Math.random()));
    }

    function listen(socket) {
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(() => socket.close(), SILENCE_MS);
      };
      socket.addEventListener("message", ({ data }) => {
        heard();
        const message = JSON.parse(data);
        if (message.type === "seats") {
          if (tries || dot.hidden) isUp();
          take(message);
        }
        if (message.type === "presence") takeViewers(message.viewers);
      });
      socket.addEventListener("close", ({ code }) => {
        clearTimeout(silence);
        if (code !== NO_SUCH_EVENT) retry();
      });
      heard();
    }

    function connect() {
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      try {
        listen(new WebSocket(`${scheme}//${location.host}/ws/events/${id}/`));
      } catch {
        retry();
      }
    }

    connect();
  }

  // --- The booking form ---------------------------------------------------------------------

  function total(within) {
    const form = find("[data-book]", within) ?? within;
    const seats = Number(form.elements.seats.value) || 0;
    const currency = form.closest("[data-currency]").dataset.currency;
    const amount = money(Number(form.dataset.price) * seats, currency);
    find("[data-show=total]", form).textContent = fill(words.total, { amount });
  }

  function wireBookForm(form) {
    const { seats } = form.elements;
    for (const button of findAll("[data-step]", form)) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const wish = (Number(seats.value) || 0) + Number(button.dataset.step);
        seats.value = Math.min(Number(seats.max), Math.max(Number(seats.min), wish));
        total(form);
      });
    }
    seats.addEventListener("input", () => total(form));
    const send = find("button:not([type])", form);
    const label = send.textContent;
    form.addEventListener("submit", () => {
      send.disabled = true;
      send.textContent = words.booking;
    });
    // Back from the next page: the form may be sent again; its key keeps that harmless.
    addEventListener("pageshow", () => {
      send.disabled = false;
      send.textContent = label;
    });
  }

  // --- Times on the visitor's own clocks -------------------------------------------------------

  function addVisitorTime(time) {
    const start = new Date(time.dateTime);
    const here = (timeZone) =>
      new Intl.DateTimeFormat(root.lang, {
        weekday: "short",
        hour: "numeric",
        minute: "2-digit",
        timeZone,
      }).format(start);
    if (here(time.dataset.zone) === here()) return;
    const place = time.parentElement.querySelector("[data-visitor-time]");
    place.textContent = `· ${fill(words.yours, { time: here() })}`;
  }

  const kept = localStorage.getItem("theme");
  if (kept) root.dataset.theme = kept;

  document.addEventListener("DOMContentLoaded", () => {
    words = JSON.parse(find("#words").textContent);
    findAll("[data-theme-switch]").forEach(wireThemeSwitch);
    findAll("[data-poll]").forEach(pollCatalogue);
    findAll("[data-live]").forEach(liveEvent);
    findAll("[data-book]").forEach(wireBookForm);
    findAll("time[data-zone]").forEach(addVisitorTime);
  });
})();
