"use strict";
/* The explorer of problems. Texts of models and suites reach the page by textContent only. */
(() => {
  const CLASSES = ["both", "base_only", "other_only", "neither"];
  const natural = new Intl.Collator("en", { numeric: true }).compare;

  function make(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function add(parent, ...children) {
    parent.append(...children.filter((child) => child !== null));
    return parent;
  }

  function words(text) {
    const node = make("bdi", "", text);
    node.dir = "auto";
    return node;
  }

  function percent(rate) {
    return rate === null ? "–" : (100 * rate).toFixed(1);
  }

  function signed(rate) {
    if (rate === null) return "–";
    const text = Math.abs(100 * rate).toFixed(1);
    if (text === "0.0") return text;
    return (rate > 0 ? "+" : "−") + text;
  }

  function rateOf(problem, arm) {
    const pair = arm === null ? null : problem.rates[arm];
    return pair && pair[1] > 0 ? pair[0] / pair[1] : null;
  }

  function gapOf(problem, state) {
    const base = rateOf(problem, state.base);
    const other = rateOf(problem, state.other);
    return base === null || other === null ? null : other - base;
  }

  function paint(node, arm) {
    const color = arm.color.toLowerCase();
    if (color) node.style.setProperty("--arm", `var(--c-${color.slice(1)}, ${color})`);
    return node;
  }

  function armName(arm) {
    const swatch = paint(make("i", "swatch"), arm);
    swatch.setAttribute("aria-hidden", "true");
    return add(make("span", "arm"), swatch, words(arm.name));
  }

  function className(data, state, name) {
    if (name === "both" || name === "neither") return name;
    const arm = name === "base_only" ? state.base : state.other;
    return `${data.arms[arm].name} only`;
  }

  /* One row of the list: summary at once, the rest when it is first opened. */

  function dots(data, problem) {
    const track = make("span", "track");
    track.setAttribute("aria-hidden", "true");
    data.arms.forEach((arm, index) => {
      const rate = rateOf(problem, index);
      if (rate === null) return;
      const dot = paint(make("i", "dot"), arm);
      dot.style.left = `${100 * rate}%`;
      track.append(dot);
    });
    return track;
  }

  function buildRow(data, problem, index, section) {
    const row = make("details", "problem");
    row.dataset.index = String(index);
    row.dataset.link = `#problem-${section}-${encodeURIComponent(problem.id)}`;
    const summary = make("summary", "row");
    add(summary, add(make("span", "id"), words(problem.id)));
    add(summary, add(make("span", "snippet"), words(problem.question.slice(0, 200))));
    add(summary, dots(data, problem), make("span", "base num"), make("span", "other num"));
    add(summary, make("span", "gap num"), make("span", "class"));
    row.append(summary);
    row.addEventListener("toggle", () => {
      if (row.open && row.childElementCount === 1) fillBody(data, problem, row);
    });
    return row;
  }

  function labelled(container, label, value) {
    const text = make("span", "hidden", `${label} `);
    container.replaceChildren(text, document.createTextNode(value));
  }

  function fillRow(data, state, row) {
    const problem = data.problems[row.dataset.index];
    const name = state.classes ? state.classes[row.dataset.index] : null;
    labelled(row.querySelector(".base"), "base rate", percent(rateOf(problem, state.base)));
    if (state.other !== null) {
      labelled(row.querySelector(".other"), "other rate", percent(rateOf(problem, state.other)));
      labelled(row.querySelector(".gap"), "difference", signed(gapOf(problem, state)));
    }
    const tag = row.querySelector(".class");
    tag.textContent = name ? className(data, state, name) : "";
    tag.dataset.class = name || "";
  }

  /* Start, characters left out, end: what lies between is said by the page, not by the text. */
  function fill(node, [start, left, end]) {
    node.append(start);
    if (left > 0) {
      const said = `${left.toLocaleString("en")} characters left out`;
      node.append(make("span", "left-out", said), end);
    }
    return node;
  }

  function block(title, text, kind) {
    const pre = make("pre", kind || "text");
    pre.tabIndex = 0;
    pre.dir = "auto";
    pre.setAttribute("aria-label", title);
    return add(make("div", "block"), make("h4", "", title), fill(pre, text));
  }

  function ratesList(data, problem) {
    const list = make("ul", "rates");
    data.arms.forEach((arm, index) => {
      const pair = problem.rates[index];
      if (!pair) return;
      const text = `${pair[0].toLocaleString("en")} of ${pair[1].toLocaleString("en")} correct`;
      const share = make("b", "", `${percent(rateOf(problem, index))} %`);
      list.append(add(make("li"), armName(arm), share, make("span", "quiet", text)));
    });
    return list;
  }

  const MARKS = { correct: "✓", wrong: "✗", unjudged: "?" };

  function fact(list, name, value) {
    const node = typeof value === "string" ? words(value) : value;
    list.append(add(make("div"), make("dt", "", name), add(make("dd"), node)));
  }

  function validity(valid) {
    return valid ? "checked, holds" : "checked, does not hold";
  }

  function buildAnswer(data, answer) {
    const card = make("article", "answer");
    card.dataset.outcome = answer.outcome;
    const mark = `${MARKS[answer.outcome] || "•"} ${answer.outcome}`;
    const head = add(make("h4", "answer-head"), armName(data.arms[answer.arm]));
    add(head, make("span", "quiet", `sample ${answer.index}`), make("span", "outcome", mark));
    const facts = make("dl", "why");
    const extracted = answer.extracted === null ? "nothing" : fill(words(""), answer.extracted);
    fact(facts, "extracted", extracted);
    fact(facts, "because", answer.reason);
    if (answer.valid !== null) fact(facts, "derivation", validity(answer.valid));
    fact(facts, "ended by", answer.finish === "length" ? "length: out of tokens" : answer.finish);
    if (answer.tokens !== null) fact(facts, "tokens", answer.tokens.toLocaleString("en"));
    const title = answer.text[1] ? "Answer, its start and end" : "Answer";
    return add(card, head, facts, block(title, answer.text));
  }

  /* Texts are kept deflated, problem by problem. */
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  function buildPrompt(data, prompt) {
    const part = make("details", "prompt");
    const summary = make("summary", "", "As sent to ");
    prompt.arms.forEach((arm) => summary.append(armName(data.arms[arm]), " "));
    return add(part, summary, block("Prompt as sent", prompt.text));
  }

  function buildBody(data, problem, body, link) {
    add(body, block("Problem", problem.question), block("Gold answer", problem.gold, "text gold"));
    problem.prompts.forEach((prompt) => body.append(buildPrompt(data, prompt)));
    if (problem.group) body.append(add(make("p", "quiet", "Group: "), words(problem.group)));
    body.append(ratesList(data, problem));
    const answers = make("div", "answers");
    problem.answers.forEach((answer) => answers.append(buildAnswer(data, answer)));
    if (!problem.answers.length) answers.append(make("p", "quiet", "No answers are kept here."));
    const anchor = make("a", "permalink", "Link to this problem");
    anchor.href = link;
    return add(body, answers, add(make("p"), anchor));
  }

  async function fillBody(data, problem, row) {
    const body = make("div", "body");
    row.append(body);
    try {
      const texts = await unpack(problem.packed);
      buildBody(data, { ...problem, ...texts }, body, row.dataset.link);
    } catch (error) {
      const told = `This browser cannot unpack the answers (${error.name}): take a newer one.`;
      body.append(make("p", "note", told));
    }
    row.dataset.filled = "";
  }

  /* The tools above the list, and what they do. */

  function button(label, pressed, act) {
    const node = make("button", "chip");
    node.type = "button";
    node.append(typeof label === "string" ? document.createTextNode(label) : label);
    node.setAttribute("aria-pressed", String(pressed));
    node.addEventListener("click", act);
    return node;
  }

  function group(label) {
    const node = make("div", "tools");
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", label);
    node.append(make("span", "tools-label", label));
    return node;
  }

  function pick(data, state, index) {
    const pair = data.comparisons[index];
    state.pair = index;
    state.base = pair ? pair.base : data.arms.length ? 0 : null;
    state.other = pair ? pair.other : null;
    state.classes = pair ? pair.classes : null;
  }

  function matches(data, state, index) {
    if (state.only && state.classes && state.classes[index] !== state.only) return false;
    return !state.query || data.problems[index].haystack.includes(state.query);
  }

  function orderOf(data, state) {
    const keys = {
      id: null,
      base: (problem) => rateOf(problem, state.base),
      other: (problem) => rateOf(problem, state.other),
      gap: (problem) => gapOf(problem, state),
    };
    const key = keys[state.sort];
    const byId = (a, b) => natural(data.problems[a].id, data.problems[b].id) || a - b;
    const order = data.problems.map((_, index) => index);
    if (!key) return order.sort((a, b) => state.down ? byId(b, a) : byId(a, b));
    const values = data.problems.map(key);
    return order.sort((a, b) => {
      if (values[a] === null || values[b] === null) {
        return (values[a] === null) - (values[b] === null) || byId(a, b);
      }
      return (state.down ? values[b] - values[a] : values[a] - values[b]) || byId(a, b);
    });
  }

  class Explorer {
    constructor(section) {
      this.section = section;
      section.explorer = this;
      this.number = section.dataset.section;
      this.data = JSON.parse(document.getElementById(`data-${this.number}`).textContent);
      this.data.problems.forEach((problem) => {
        const parts = [problem.id, problem.group, problem.question, problem.answer];
        problem.haystack = parts.join("\n").toLowerCase();
      });
      this.state = { only: "", query: "", sort: "id", down: false };
      pick(this.data, this.state, 0);
      this.rows = this.data.problems.map((problem, i) => buildRow(this.data, problem, i, this.number));
      this.build();
      this.update();
    }

    build() {
      this.panel = make("div", "panel");
      this.status = make("p", "status");
      this.status.setAttribute("role", "status");
      this.list = make("div", "problems");
      this.heads = make("div", "row heads");
      this.heads.setAttribute("aria-hidden", "true");
      this.search = make("input", "search");
      const note = this.data.note ? make("p", "note", this.data.note) : null;
      add(this.section, this.search, this.panel, this.status, this.heads, this.list, note);
      this.search.type = "search";
      this.search.placeholder = "Filter by id, prompt or gold answer";
      this.search.setAttribute("aria-label", "Filter problems by text");
      this.search.addEventListener("input", () => {
        this.state.query = this.search.value.trim().toLowerCase();
        this.filter();
      });
    }

    update() {
      this.buildPanel();
      this.fillHeads();
      if (this.filled !== this.state.pair) {
        this.rows.forEach((row) => fillRow(this.data, this.state, row));
        this.filled = this.state.pair;
      }
      this.list.append(...orderOf(this.data, this.state).map((index) => this.rows[index]));
      this.filter();
    }

    /* Names of the columns for the eye; each number carries its own name for the ear. */
    fillHeads() {
      const { base, other, classes } = this.state;
      const names = {
        id: "id",
        snippet: "prompt",
        share: "correct, %",
        "base num": base === null ? "" : this.data.arms[base].name,
        "other num": other === null ? "" : this.data.arms[other].name,
        "gap num": other === null ? "" : "diff.",
        class: classes ? "solved by" : "",
      };
      const cells = Object.entries(names).map(([key, name]) => make("span", key, name));
      this.heads.replaceChildren(...cells);
    }

    filter() {
      let shown = 0;
      this.rows.forEach((row, index) => {
        row.hidden = !matches(this.data, this.state, index);
        shown += row.hidden ? 0 : 1;
      });
      const total = this.rows.length.toLocaleString("en");
      const { only } = this.state;
      const which = only ? `, ${className(this.data, this.state, only)}` : "";
      this.status.textContent = `${shown.toLocaleString("en")} of ${total} problems${which}`;
    }

    /* Rebuilt on each change; the control in use keeps the focus by its place. */
    buildPanel() {
      const held = [...this.panel.querySelectorAll("button")];
      const focused = held.indexOf(document.activeElement);
      this.panel.replaceChildren();
      if (this.data.comparisons.length > 1) this.panel.append(this.pairTools());
      if (this.state.classes) this.panel.append(this.classTools());
      this.panel.append(this.sortTools());
      const now = this.panel.querySelectorAll("button");
      if (focused >= 0 && now[focused]) now[focused].focus({ preventScroll: true });
    }

    pairTools() {
      const tools = group("Compare");
      this.data.comparisons.forEach((pair, index) => {
        const label = make("span");
        add(label, armName(this.data.arms[pair.base]), document.createTextNode(" / "));
        add(label, armName(this.data.arms[pair.other]));
        tools.append(button(label, index === this.state.pair, () => {
          pick(this.data, this.state, index);
          this.update();
        }));
      });
      return tools;
    }

    classTools() {
      const tools = group("Show");
      ["", ...CLASSES].forEach((name) => {
        const count = name ? this.state.classes.filter((one) => one === name).length
          : this.rows.length;
        const label = name ? className(this.data, this.state, name) : "all";
        const text = add(make("span"), words(label), make("span", "tally", ` ${count}`));
        const chip = button(text, this.state.only === name, () => {
          this.state.only = name;
          this.update();
        });
        chip.dataset.only = name;
        tools.append(chip);
      });
      tools.append(make("span", "rule", this.data.comparisons[this.state.pair].rule));
      return tools;
    }

    sortTools() {
      const tools = group("Sort by");
      const { base, other } = this.state;
      const names = [["id", "id"]];
      if (base !== null) names.push(["base", `${this.data.arms[base].name} rate`]);
      if (other !== null) {
        names.push(["other", `${this.data.arms[other].name} rate`], ["gap", "difference"]);
      }
      names.forEach(([key, label]) => tools.append(this.sortChip(key, label)));
      return tools;
    }

    sortChip(key, label) {
      const active = this.state.sort === key;
      const arrow = active ? (this.state.down ? " ↓" : " ↑") : "";
      const chip = button(add(make("span"), words(label), make("span", "", arrow)), active, () => {
        this.state.down = active ? !this.state.down : false;
        this.state.sort = key;
        this.update();
      });
      chip.dataset.sort = key;
      const way = this.state.down ? "falling" : "rising";
      if (active) chip.setAttribute("aria-label", `${label}, ${way}`);
      return chip;
    }

    find(hash) {
      return this.rows.find((row) => row.dataset.link === hash) || null;
    }

    /* One problem, from an address: the list shows all, or it might be left out. */
    show(row) {
      if (row.hidden) {
        this.state.only = this.state.query = this.search.value = "";
        this.update();
      }
      row.open = true;
      row.querySelector("summary").focus({ preventScroll: true });
      row.scrollIntoView();
    }

    open(pair, only) {
      if (!this.data.comparisons[pair]) return;
      pick(this.data, this.state, pair);
      this.state.only = only;
      this.state.query = this.search.value = "";
      this.update();
      const heading = this.section.querySelector("h3");
      heading.focus({ preventScroll: true });
      heading.scrollIntoView();
    }
  }

  /* Addresses: #problems-SUITE-PAIR-CLASS is a list, #problem-SUITE-ID one problem. An opened
     problem is a step of the history, so that Back closes it and the list stays as it was. */

  const explorers = new Map();
  document.querySelectorAll(".explorer").forEach((section) => {
    const explorer = new Explorer(section);
    explorers.set(explorer.number, explorer);
  });
  let at = null;

  function rowAt(hash) {
    const parts = /^#problem-(\d+)-/.exec(hash);
    const explorer = parts && explorers.get(parts[1]);
    return explorer ? explorer.find(hash) : null;
  }

  function openList(hash) {
    const parts = /^#problems-(\d+)-(\d+)-(both|base_only|other_only|neither)$/.exec(hash);
    const explorer = parts && explorers.get(parts[1]);
    if (explorer) explorer.open(Number(parts[2]), parts[3]);
  }

  function leave() {
    const row = at;
    at = null;
    row.open = false;
    row.querySelector("summary").focus();
  }

  function follow() {
    const row = rowAt(location.hash);
    if (row) {
      if (at && at !== row) at.open = false;
      at = row;
      row.closest(".explorer").explorer.show(row);
    } else if (at) {
      leave();
    } else {
      openList(location.hash);
    }
  }

  function opened(row) {
    if (location.hash === row.dataset.link) return;
    at = row;
    history.pushState({ isOurs: true }, "", row.dataset.link);
  }

  window.addEventListener("popstate", follow);
  document.addEventListener("click", (event) => {
    const target = event.target.closest ? event.target : event.target.parentElement;
    const link = target.closest("a[href^='#']");
    const summary = target.closest(".problem > summary");
    if (summary && !summary.parentElement.open) opened(summary.parentElement);
    if (!link) return;
    /* a link is no way back: it leaves the problem open, and leads to its list a second time too */
    at = null;
    const place = document.getElementById(link.hash.slice(1));
    if (place instanceof HTMLDetailsElement) place.open = true;
    if (link.hash === location.hash) openList(link.hash);
  });
  document.addEventListener("keydown", (event) => {
    const row = event.key === "Escape" && event.target.closest(".problem[open]");
    if (!row) return;
    const isStep = location.hash === row.dataset.link && history.state && history.state.isOurs;
    at = row;
    if (isStep) history.back();
    else leave();
  });
  follow();
})();
