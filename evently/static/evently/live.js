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
  // Of many who look on not all read the page again at once: about forty in a second.
  const RENEW_WITHIN_MS = 500;
  const RENEW_MS_EACH = 25;
  const TRIES_TO_RENEW = 5;
  const TRIES_BEFORE_ASKING = 2;
  // The server says that there is nothing to hear here: no such event, or nobody is logged in.
  const FOR_GOOD = [4401, 4404];
  const ASK_NOTICES_MS = 15000;
  const TOAST_MS = 10000;
  const MOST_TOASTS = 3;

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

  /** What this browser keeps for us; a browser that keeps nothing throws at the mere name of it. */
  function recall(store, key) {
    try {
      return window[store].getItem(key);
    } catch {
      return null;
    }
  }

  function keep(store, key, value) {
    try {
      window[store].setItem(key, value);
    } catch {
      // Then it holds for this page alone.
    }
  }

  // --- Colours: the reader's own choice, kept in this browser, set before anything is drawn ---

  function theme() {
    const chosen = root.dataset.theme || recall("localStorage", "theme");
    if (chosen) return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function wireThemeSwitch(button) {
    const name = () => (button.textContent = words.themes[theme()]);
    button.hidden = false;
    name();
    button.addEventListener("click", () => {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      keep("localStorage", "theme", root.dataset.theme);
      name();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  }

  // --- What a state looks like --------------------------------------------------------------

  /** An amount in the currency's form, with as many decimals as its decimal text has. */
  function money(amount, currency) {
    if (Number(amount) === 0) return words.free;
    const places = decimals(amount);
    const form = { style: "currency", currency };
    form.minimumFractionDigits = form.maximumFractionDigits = places;
    return new Intl.NumberFormat(root.lang, form).format(amount);
  }

  function decimals(amount) {
    return (amount.split(".")[1] || "").length;
  }

  /** The same as the pages' own `sale_state`, by this browser's clock. */
  function saleState(state) {
    const now = Date.now();
    if (state.status === "cancelled" || state.status === "draft") return state.status;
    if (state.status === "completed" || Date.parse(state.ends_at) <= now) return "past";
    if (Date.parse(state.sales_end_at) <= now) return "closed";
    if (Date.parse(state.sales_start_at) > now) return "soon";
    if (state.available_seats === 0) return "sold-out";
    const few = Math.min(Math.max(words.few, Math.floor(state.capacity / 10)), state.capacity / 2);
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
    #changed;
    #viewers = 1;
    #speak = () => {};

    /** `changed` is called when more changes than this can draw. */
    constructor(element, changed = () => {}) {
      this.#element = element;
      this.#changed = changed;
      this.#state = this.#read();
      this.#sale = saleState(this.#state);
      const voice = find("[data-speak]", element);
      if (voice) this.#speak = speaker(voice);
      this.#awaitChange();
    }

    get id() {
      return this.#element.dataset.event;
    }

    get version() {
      return this.#state.version;
    }

    get sale() {
      return this.#sale;
    }

    get viewers() {
      return this.#viewers;
    }

    /** Show this state, unless it is older than what is shown. */
    take(news) {
      if (news.version < this.#state.version) return;
      const isEdited = this.#isEdited(news);
      Object.assign(this.#state, news);
      this.#draw();
      this.#awaitChange();
      if (isEdited) this.#changed();
    }

    /** Whether the event is another one now, besides its seats and the state of its sale. */
    #isEdited(news) {
      const shown = this.#state;
      const isKnown = (name) => shown[name] !== undefined && news[name] !== undefined;
      const isOther = (name) => isKnown(name) && news[name] !== shown[name];
      const isMoved = (name) => isKnown(name) && (Date.parse(news[name]) || 0) !== (Date.parse(shown[name]) || 0);
      return (
        ["name", "venue", "timezone", "max_per_booking"].some(isOther) ||
        ["starts_at", "ends_at", "sales_start_at", "sales_end_at"].some(isMoved) ||
        (isKnown("price") && Number(news.price) !== Number(shown.price))
      );
    }

    /** Take what the element shows now for true, unless newer news came meanwhile. */
    readAgain() {
      const newest = this.#state;
      this.#state = this.#read();
      this.#sale = this.#shownSale();
      if (newest.version > this.#state.version) {
        Object.assign(this.#state, newest);
        this.#draw();
      }
      this.#awaitChange();
    }

    /** The state of the sale that the chip shows. */
    #shownSale() {
      const drawn = find("[data-show=chip]", this.#element).classList;
      return Object.keys(words.chips).find((state) => drawn.contains(state));
    }

    takeViewers(viewers) {
      this.#viewers = Math.max(1, viewers);
      const count = { viewers: number(viewers) };
      const text = viewers > 1 ? ` · ${fill(plural(words.viewers, viewers), count)}` : "";
      find("[data-show=viewers]", this.#element).textContent = text;
    }

    /** What the server wrote into the page. */
    #read() {
      const { version, ends, salesStart, salesEnd, price, name, venue, starts, timezone, most } =
        this.#element.dataset;
      const meter = find("[data-show=meter]", this.#element);
      const ended = ["draft", "cancelled", "past"].find((state) => state === this.#shownSale());
      return {
        version: Number(version),
        status: ended === "past" ? "completed" : (ended ?? "published"),
        capacity: meter.max,
        available_seats: meter.max - meter.value,
        ends_at: ends,
        sales_start_at: salesStart,
        sales_end_at: salesEnd,
        price,
        name,
        venue,
        starts_at: starts,
        timezone,
        max_per_booking: most && Number(most),
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
      this.#changed();
      const pieces = findAll("[data-when]", this.#element);
      const fits = (piece) => piece.dataset.when.split(" ").includes(sale);
      const wasInside = pieces.some((piece) => !fits(piece) && piece.contains(document.activeElement));
      for (const piece of pieces) piece.hidden = !fits(piece);
      const notice = pieces.find((piece) => fits(piece) && piece.matches(".book > p, .book > .stack"));
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
   * Hears news: by websocket, and by asking while there is none.
   *
   * The dot tells the truth: live once news came, polling once an answer did, and else reconnecting.
   */
  class Line {
    #socket;
    #tries = 0;
    #silence;
    #nextTry;
    #stopAsking;

    /** `ask` fetches a list of messages; `hear` takes one, by its type; `lose` a line that is lost. */
    constructor({ address, ask, askEveryMs, hear, lose, dot }) {
      Object.assign(this, { address, ask, askEveryMs, hear, lose, dot });
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
        if (FOR_GOOD.includes(code)) clearTimeout(this.#silence);
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
      this.hear[message.type]?.(message);
    }

    #lose() {
      clearTimeout(this.#silence);
      clearTimeout(this.#nextTry);
      this.#socket?.close();
      this.#socket = null;
      this.lose?.();
      this.#tries += 1;
      if (!this.#stopAsking) this.#say("reconnecting");
      if (this.#tries >= TRIES_BEFORE_ASKING) this.#stopAsking ??= whileSeen(() => this.#askOnce(), this.askEveryMs);
      const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** (this.#tries - 1));
      this.#nextTry = setTimeout(() => this.open(), wait * (0.5 + Math.random()));
    }

    async #askOnce() {
      let messages;
      try {
        messages = await this.ask();
      } catch {
        if (this.#stopAsking) this.#say("reconnecting");
        return;
      }
      if (!this.#stopAsking) return; // The line came back meanwhile.
      this.#say("polling");
      messages.filter(Boolean).forEach((message) => this.hear[message.type](message));
    }

    #say(state) {
      if (!this.dot || this.dot.classList.contains(state)) return;
      this.dot.className = `connection ${state}`;
      this.dot.textContent = words.connection[state];
    }
  }

  /** The state of an event as an answer has it, as if the websocket had said it. */
  const seatsMessage = (state) => state && { ...state, type: "seats", event_id: state.id };

  /**
   * Puts what a reload would show in place of what the page of an event shows, when the event is
   * another one or its sale has turned: one state, one story.
   */
  class Renewal {
    #place;
    #element;
    #timer;
    #tries;

    constructor(element) {
      this.#element = element;
    }

    of(place) {
      this.#place = place;
    }

    soon() {
      this.#tries = 0;
      this.#later(Math.random() * (RENEW_WITHIN_MS + RENEW_MS_EACH * this.#place.viewers));
    }

    #later(waitMs) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#renew(), waitMs);
    }

    async #renew() {
      const fresh = await this.#read();
      // Somebody's booking is on its way: the answer to that is the next page.
      if (find("[data-book] button:disabled", this.#element)) return;
      if (fresh && this.#isAsTold(fresh)) this.#show(fresh);
      else if ((this.#tries += 1) < TRIES_TO_RENEW) this.#later(1000 * this.#tries);
    }

    /**
     * Whether the page that was read is not older than what was heard. A cache may be late, and a
     * clock here go before that of the server: then what is shown stays as it is.
     */
    #isAsTold(page) {
      const isNew = Number(find("[data-live]", page).dataset.version) >= this.#place.version;
      return isNew && find("[data-show=chip]", page).classList.contains(this.#place.sale);
    }

    /** The page as it is now; null when that cannot be had. */
    async #read() {
      try {
        const answer = await fetch(this.#element.dataset.address, { headers: { Accept: "text/html" } });
        if (!answer.ok) return null;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        return find("[data-live]", page) && page;
      } catch {
        return null;
      }
    }

    /** What the reader typed and where they are stays; so does what speaks and tells of the line. */
    #show(page) {
      const shown = this.#element;
      const fresh = find("[data-live]", page);
      for (const kept of ["[data-connection]", "[data-speak]"]) {
        find(kept, fresh).replaceWith(find(kept, shown));
      }
      find("[data-show=viewers]", fresh).textContent = find("[data-show=viewers]", shown).textContent;
      const typed = find("#seats", shown)?.value;
      const focused = shown.contains(document.activeElement) ? document.activeElement : null;
      for (const { name, value } of fresh.attributes) shown.setAttribute(name, value);
      shown.replaceChildren(...fresh.childNodes);
      document.title = page.title;
      const seats = find("#seats", shown);
      wireEvent(shown);
      if (seats && typed) {
        seats.value = typed;
        total(seats.form);
      }
      this.#place.readAgain();
      if (focused) keepFocus(shown, focused);
    }
  }

  /** Whoever was at the seats or in the panel is there again; nobody is thrown to the page's top. */
  function keepFocus(shown, focused) {
    const same = focused.id && document.getElementById(focused.id);
    const target = same?.checkVisibility() ? same : find(".book", shown);
    if (target !== same) target.tabIndex = -1;
    target.focus();
  }

  function liveEvent(element) {
    const renewal = new Renewal(element);
    const place = new Place(element, () => renewal.soon());
    renewal.of(place);
    new Line({
      address: `/ws/events/${place.id}/`,
      ask: async () => [seatsMessage(await get(`/api/v1/events/${place.id}`))],
      askEveryMs: ASK_EVENT_MS,
      hear: {
        seats: (state) => place.take(state),
        presence: ({ viewers }) => place.takeViewers(viewers),
      },
      lose: () => place.takeViewers(0),
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
      const found = await Promise.all(missing.map((id) => get(`/api/v1/events/${id}`)));
      return [...results, ...found].map(seatsMessage);
    }
    new Line({
      address: `/ws/events/?ids=${[...places.keys()]}`,
      ask,
      askEveryMs: ASK_CATALOGUE_MS,
      hear: { seats: (state) => places.get(state.event_id)?.take(state) },
      dot: find("[data-connection]"),
    }).open();
  }

  // --- What concerns the reader: the bell, places in lines, offers ------------------------------

  /** Show a message above the page for a while; it says itself to screen readers. */
  function toast(text, address, { stays = false, dismiss } = {}) {
    const place = find("[data-toasts]");
    const box = document.createElement("div");
    const link = document.createElement("a");
    const close = document.createElement("button");
    box.className = "toast";
    Object.assign(link, { href: address, textContent: text, dir: "auto" });
    Object.assign(close, { className: "quiet", type: "button", textContent: "×", ariaLabel: words.dismiss });
    close.addEventListener("click", () => {
      box.remove();
      dismiss?.();
    });
    box.append(link, close);
    place.append(box);
    while (place.children.length > MOST_TOASTS) place.firstElementChild.remove();
    if (!stays) leaveLater(box);
    return box;
  }

  /** The toast goes when nobody looks at it any more. */
  function leaveLater(box) {
    setTimeout(() => (box.matches(":hover, :focus-within") ? leaveLater(box) : box.remove()), TOAST_MS);
  }

  /** Offers stay until they are answered, have passed, or are put away in this browser tab. */
  function offerToasts() {
    const shown = new Map();
    const putAway = new Set();
    return (offer) => {
      const key = `offer ${offer.offer_id}`;
      const left = Date.parse(offer.expires_at) - Date.now();
      shown.get(key)?.remove();
      if (offer.status !== "open" || left <= 0) return;
      if (location.pathname === offer.address) return;
      if (putAway.has(key) || recall("sessionStorage", key)) return;
      const box = toast(offerWords(offer), offer.address, {
        stays: true,
        dismiss: () => {
          putAway.add(key);
          keep("sessionStorage", key, "put away");
        },
      });
      shown.set(key, box);
      setTimeout(() => box.remove(), Math.min(left, LONGEST_TIMER_MS));
    };
  }

  /** Whether the offer is another than the page that is open shows. */
  function isOtherOffer({ status, expires_at }) {
    const shown = find("[data-until]");
    return shown ? status !== "open" || Date.parse(shown.dataset.until) !== Date.parse(expires_at) : false;
  }

  /** "23 hours" or "9 minutes": the same on all clocks. */
  function timeLeft(ms) {
    const minutes = Math.max(1, Math.floor(ms / 60000));
    const [value, unit] = minutes < 60 ? [minutes, "minute"] : [Math.floor(minutes / 60), "hour"];
    return new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: "long" }).format(value);
  }

  function offerWords({ seats, event, expires_at }) {
    const time = timeLeft(Date.parse(expires_at) - Date.now());
    return fill(plural(words.offer, seats), { seats: number(seats), event, time });
  }

  function liveBell(bell) {
    const badge = find("[data-unread]", bell);
    const known = new Set();
    const showOffer = offerToasts();
    function notice(message) {
      if (known.has(message.id)) return;
      known.add(message.id);
      // An offer says itself, and better.
      if (message.kind !== "waitlist_offer") toast(message.title, message.address);
    }

    function unread({ count }) {
      badge.hidden = !count;
      badge.textContent = number(count);
    }

    /** The bell alone: the newest page of notices says how many are new, if they are not many. */
    async function ask() {
      const { results } = await get("/api/v1/notifications?limit=50");
      return [{ type: "unread", count: results.filter((told) => !told.read_at).length }];
    }

    new Line({
      address: "/ws/me/",
      ask,
      askEveryMs: ASK_NOTICES_MS,
      hear: {
        notice,
        unread,
        offer: (offer) => {
          // Answered elsewhere, withdrawn or given more time: its own page says what became of it.
          if (location.pathname === offer.address && isOtherOffer(offer)) location.reload();
          showOffer(offer);
        },
        position: movePlace,
      },
    }).open();
  }

  /** Show where the reader stands in a line, wherever the page tells of it. */
  function movePlace({ event_id, position, people_ahead, seats_ahead }) {
    const figures = { position, "people-ahead": people_ahead, "seats-ahead": seats_ahead };
    for (const place of findAll(`[data-waitlist="${event_id}"]`)) {
      for (const [name, figure] of Object.entries(figures)) {
        const shown = find(`[data-show=${name}]`, place);
        if (shown && figure !== null) write(shown, number(figure));
      }
    }
  }

  // --- The booking form ---------------------------------------------------------------------

  /** As many as the meter beside the form shows. */
  function seatsFree(form) {
    const meter = find("[data-show=meter]", form.closest("[data-event]"));
    return meter.max - meter.value;
  }

  function total(form) {
    const seats = Number(form.elements.seats.value) || 0;
    const currency = form.closest("[data-currency]").dataset.currency;
    const { price } = form.dataset;
    const sum = (Number(price) * seats).toFixed(decimals(price));
    find("[data-show=total]", form).textContent = Number(sum)
      ? fill(words.toPay, { amount: money(sum, currency) })
      : words.free;
  }

  function wireBookForm(form) {
    const { seats } = form.elements;
    for (const button of findAll("[data-step]", form)) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const wish = (Number(seats.value) || 0) + Number(button.dataset.step);
        const most = Math.min(Number(seats.max), seatsFree(form));
        seats.value = Math.max(Number(seats.min), Math.min(most, wish));
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
    const place = time.nextElementSibling;
    place.textContent = `· ${fill(words.yours, { time: here() })}`;
  }

  /** What makes an event's page work that is no news: its form, and times on the reader's clocks. */
  function wireEvent(within) {
    findAll("[data-book]", within).forEach(wireBookForm);
    findAll("time[data-zone]", within).forEach(addVisitorTime);
  }

  const kept = recall("localStorage", "theme");
  if (kept) root.dataset.theme = kept;

  function wirePage() {
    words = JSON.parse(find("#words").textContent);
    findAll("[data-theme-switch]").forEach(wireThemeSwitch);
    wireEvent(document);
    // The page is drawn first, as the server wrote it; then it comes alive.
    requestAnimationFrame(() => setTimeout(() => {
      findAll("[data-poll]").forEach(liveCatalogue);
      findAll("[data-live]").forEach(liveEvent);
      findAll("[data-bell]").forEach(liveBell);
    }));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", wirePage);
  else wirePage();
})();
