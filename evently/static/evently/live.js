/* Makes pages live: seats, price and status move by themselves. Every page works without it. */
(() => {
  "use strict";

  const ASK_CATALOGUE_MS = 5000;
  const ASK_EVENT_MS = 2000;
  const SPEAK_EVERY_MS = 10000;
  const LONGEST_TIMER_MS = 2 ** 31 - 1;
  const LONGEST_WAIT_MS = 30000;
  // A line that is up speaks at once, and then every 20 s at least: a longer silence means it is dead.
  const GREETING_MS = 5000;
  const SILENCE_MS = 60000;
  const TRIES_BEFORE_ASKING = 2;
  const NO_SUCH_EVENT = 4404;

  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  // Made once: they are slow to make.
  const numbers = new Intl.NumberFormat(root.lang);
  const plurals = new Intl.PluralRules(root.lang);
  const number = (value) => numbers.format(value);
  const plural = (forms, count) => forms[plurals.select(count)] ?? forms.other;

  let words;

  // --- Colours: the reader's own choice, kept in this browser, set before anything is drawn ---

  function theme() {
    const kept = localStorage.getItem("theme");
    if (kept) return kept;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function wireThemeSwitch(button) {
    const name = () => (button.textContent = words.themes[theme()]);
    button.hidden = false;
    name();
    button.addEventListener("click", () => {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      localStorage.setItem("theme", root.dataset.theme);
      name();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  }

  // --- What a state looks like --------------------------------------------------------------

  function money(amount, currency) {
    if (Number(amount) === 0) return words.free;
    return new Intl.NumberFormat(root.lang, { style: "currency", currency }).format(amount);
  }

  /** The same as the pages' own `sale_state`, by this browser's clock. */
  function saleState(state) {
    const now = Date.now();
    if (state.status === "cancelled" || state.status === "draft") return state.status;
    if (state.status === "completed" || Date.parse(state.ends_at) <= now) return "past";
    if (Date.parse(state.sales_end_at) <= now) return "closed";
    if (Date.parse(state.sales_start_at) > now) return "soon";
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

  /** Write the text with a soft flash; answers whether it is another one. */
  function write(element, text) {
    if (element.textContent.trim() === text) return false;
    element.textContent = text;
    element.classList.remove("flash");
    void element.offsetWidth; // Let the animation begin anew.
    element.classList.add("flash");
    return true;
  }

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

  /** An event on the page, a card or the whole of it: shows the newest state it was told. */
  class Place {
    #element;
    #state;
    #sale;
    #timer;
    #speak = () => {};

    constructor(element) {
      this.#element = element;
      this.#state = this.#read();
      this.#sale = saleState(this.#state);
      const voice = find("[data-speak]", element);
      if (voice) this.#speak = speaker(voice);
      this.#awaitChange();
    }

    get id() {
      return this.#element.dataset.event;
    }

    /** Show this state, unless it is older than what is shown. */
    take(news) {
      if (news.version < this.#state.version) return;
      Object.assign(this.#state, news);
      this.#draw();
      this.#awaitChange();
    }

    takeViewers(viewers) {
      const count = { viewers: number(viewers) };
      const text = viewers > 1 ? ` · ${fill(plural(words.viewers, viewers), count)}` : "";
      find("[data-show=viewers]", this.#element).textContent = text;
    }

    /** What the server wrote into the page. */
    #read() {
      const { version, ends, salesStart, salesEnd } = this.#element.dataset;
      const meter = find("[data-show=meter]", this.#element);
      const drawn = find("[data-show=chip]", this.#element).classList;
      const ended = ["draft", "cancelled", "past"].find((state) => drawn.contains(state));
      return {
        version: Number(version),
        status: ended === "past" ? "completed" : (ended ?? "published"),
        capacity: meter.max,
        available_seats: meter.max - meter.value,
        ends_at: ends,
        sales_start_at: salesStart,
        sales_end_at: salesEnd,
      };
    }

    /** Draw again when the sale begins or ends, or the event ends: nobody sends news of that. */
    #awaitChange() {
      clearTimeout(this.#timer);
      const { ends_at, sales_start_at, sales_end_at } = this.#state;
      const coming = [ends_at, sales_start_at, sales_end_at]
        .map((instant) => Date.parse(instant) - Date.now())
        .filter((wait) => wait > 0);
      if (!coming.length) return;
      this.#timer = setTimeout(() => {
        this.#draw();
        this.#awaitChange();
      }, Math.min(...coming, LONGEST_TIMER_MS));
    }

    #draw() {
      const state = this.#state;
      const sale = saleState(state);
      const meter = find("[data-show=meter]", this.#element);
      meter.max = state.capacity;
      meter.value = state.capacity - state.available_seats;
      meter.className = `meter ${sale}`;
      const chip = find("[data-show=chip]", this.#element);
      chip.className = `chip ${sale}`;
      write(chip, words.chips[sale]);
      if (state.price) this.#drawPrice(state.price);
      const left = seatsLeft(state);
      const isNews = write(find("[data-show=seats]", this.#element), left);
      if (sale !== this.#sale) this.#turn(sale);
      else if (isNews) this.#speak(left);
    }

    #drawPrice(price) {
      write(find("[data-show=price]", this.#element), money(price, this.#element.dataset.currency));
      const form = find("[data-book]", this.#element);
      if (!form) return;
      form.dataset.price = price;
      total(form);
    }

    /** Show what fits the new state of the sale, say it, and do not lose the reader's place. */
    #turn(sale) {
      this.#sale = sale;
      const pieces = findAll("[data-when]", this.#element);
      const fits = (piece) => piece.dataset.when.split(" ").includes(sale);
      const wasInside = pieces.some((piece) => !fits(piece) && piece.contains(document.activeElement));
      for (const piece of pieces) piece.hidden = !fits(piece);
      const notice = pieces.find((piece) => fits(piece) && !find("form", piece));
      this.#speak(notice?.textContent.trim() ?? `${words.chips[sale]}. ${seatsLeft(this.#state)}`);
      if (!wasInside || !notice) return;
      notice.tabIndex = -1;
      notice.focus();
    }
  }

  // --- The page's one line to the server --------------------------------------------------------

  /** What stands at the address; null when nothing stands there. */
  async function get(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  /** Do the job now and every so often while the page is seen, and at once when it is seen again. */
  function whileSeen(job, everyMs) {
    let timer;
    let isOver = false;
    const round = async () => {
      clearTimeout(timer);
      if (document.hidden) return;
      await job();
      clearTimeout(timer);
      if (!isOver) timer = setTimeout(round, everyMs);
    };
    document.addEventListener("visibilitychange", round);
    round();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", round);
    };
  }

  /**
   * Hears how events stand: by websocket, and by asking while there is none.
   *
   * The dot tells the truth: live once news came, polling once an answer did, and else reconnecting.
   */
  class Line {
    #socket;
    #tries = 0;
    #silence;
    #nextTry;
    #stopAsking;

    /** `ask` fetches a list of states; `take` is given one, `takeViewers` a number of people. */
    constructor({ address, ask, askEveryMs, take, takeViewers, dot }) {
      Object.assign(this, { address, ask, askEveryMs, take, takeViewers, dot });
      addEventListener("online", () => this.open());
      addEventListener("offline", () => this.#lose());
      addEventListener("pageshow", ({ persisted }) => persisted && this.open());
    }

    open() {
      clearTimeout(this.#nextTry);
      this.#socket?.close();
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      try {
        this.#socket = new WebSocket(`${scheme}//${location.host}${this.address}`);
      } catch {
        this.#lose();
        return;
      }
      this.#listen(this.#socket);
      this.#expectWord(GREETING_MS);
    }

    #listen(socket) {
      const isOurs = () => socket === this.#socket;
      socket.addEventListener("message", ({ data }) => isOurs() && this.#hear(JSON.parse(data)));
      socket.addEventListener("close", ({ code }) => {
        if (!isOurs()) return;
        if (code === NO_SUCH_EVENT) clearTimeout(this.#silence);
        else this.#lose();
      });
    }

    #expectWord(withinMs) {
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => this.#lose(), withinMs);
    }

    #hear(message) {
      this.#expectWord(SILENCE_MS);
      this.#tries = 0;
      this.#stopAsking?.();
      this.#stopAsking = null;
      this.#say("live");
      if (message.type === "seats") this.take({ ...message, id: message.event_id });
      if (message.type === "presence") this.takeViewers?.(message.viewers);
    }

    #lose() {
      clearTimeout(this.#silence);
      clearTimeout(this.#nextTry);
      this.#socket?.close();
      this.#socket = null;
      this.takeViewers?.(0);
      this.#tries += 1;
      if (!this.#stopAsking) this.#say("reconnecting");
      if (this.#tries >= TRIES_BEFORE_ASKING) this.#stopAsking ??= whileSeen(() => this.#askOnce(), this.askEveryMs);
      const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** (this.#tries - 1));
      this.#nextTry = setTimeout(() => this.open(), wait * (0.5 + Math.random()));
    }

    async #askOnce() {
      let states;
      try {
        states = await this.ask();
      } catch {
        if (this.#stopAsking) this.#say("reconnecting");
        return;
      }
      if (!this.#stopAsking) return; // The line came back meanwhile.
      this.#say("polling");
      states.filter(Boolean).forEach(this.take);
    }

    #say(state) {
      if (this.dot.classList.contains(state)) return;
      this.dot.className = `connection ${state}`;
      this.dot.textContent = words.connection[state];
    }
  }

  function liveEvent(element) {
    const place = new Place(element);
    new Line({
      address: `/ws/events/${place.id}/`,
      ask: async () => [await get(`/api/v1/events/${place.id}`)],
      askEveryMs: ASK_EVENT_MS,
      take: (state) => place.take(state),
      takeViewers: (viewers) => place.takeViewers(viewers),
      dot: find("[data-connection]"),
    }).open();
  }

  function liveCatalogue(list) {
    const places = new Map(
      findAll("[data-event]", list).map((card) => [card.dataset.event, new Place(card)]),
    );
    /** What is no longer listed is asked for by itself: sold out, cancelled or over. */
    async function ask() {
      const { results } = await get(list.dataset.poll);
      const listed = new Set(results.map(({ id }) => id));
      const missing = [...places.keys()].filter((id) => !listed.has(id));
      return [...results, ...(await Promise.all(missing.map((id) => get(`/api/v1/events/${id}`))))];
    }
    new Line({
      address: `/ws/events/?ids=${[...places.keys()]}`,
      ask,
      askEveryMs: ASK_CATALOGUE_MS,
      take: (state) => places.get(state.id)?.take(state),
      dot: find("[data-connection]"),
    }).open();
  }

  // --- The booking form ---------------------------------------------------------------------

  function total(form) {
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

  function wirePage() {
    words = JSON.parse(find("#words").textContent);
    findAll("[data-theme-switch]").forEach(wireThemeSwitch);
    findAll("[data-book]").forEach(wireBookForm);
    findAll("time[data-zone]").forEach(addVisitorTime);
    // The page is drawn first, as the server wrote it; then it comes alive.
    requestAnimationFrame(() => setTimeout(() => {
      findAll("[data-poll]").forEach(liveCatalogue);
      findAll("[data-live]").forEach(liveEvent);
    }));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", wirePage);
  else wirePage();
})();
