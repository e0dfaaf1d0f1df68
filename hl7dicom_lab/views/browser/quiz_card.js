// The quiz card. The key is not here: an answer goes to the kernel as a message, and the verdict comes back in the
// model's `reply`, by the question's id. What a test was answered with before it was drawn stands in `earlier`.

// Each kind gives back { node, read, write }: what is drawn, the answer as text ("" while there is none), and how an
// earlier answer is put back when the card is drawn again.
const kinds = {
  single: (question, name) => choices(question, name, "radio"),
  multiple: (question, name) => choices(question, name, "checkbox"),
  number: (question) => entry(question, "decimal"),
  text: (question) => entry(question, "text"),
  ordering,
  matching,
};

// Text for a place that can hold no `code`: an option, a name that is read out.
const plain = (text) => text.replaceAll("`", "");

function choices(question, name, type) {
  const inputs = question.choices.map(([letter]) => element("input", { type, name, value: letter }));
  const labels = question.choices.map(([letter, text], place) =>
    element("label", {}, inputs[place], element("span", {}, `${letter}  `, ...words(text))));
  return {
    node: element("div", {}, ...labels),
    read: () => inputs.filter((one) => one.checked).map((one) => one.value).join(" "),
    write: (given) => inputs.forEach((one) => { one.checked = given.split(" ").includes(one.value); }),
  };
}

function entry(question, inputMode) {
  const input = element("input", { type: "text", inputMode, autocomplete: "off", spellcheck: false });
  const words = inputMode === "decimal" ? "Your number" : "Your answer";
  const unit = question.unit ? [element("span", { textContent: question.unit })] : [];
  return {
    node: element("label", {}, element("span", { textContent: words }), input, ...unit),
    read: () => input.value.trim(),
    write: (given) => { input.value = given; },
  };
}

function ordering(question) {
  const list = element("ol", {});
  const status = announcer();
  const texts = new Map(question.choices);
  function move(letter, by) {
    const items = [...list.children];
    const from = items.findIndex((one) => one.dataset.letter === letter);
    const to = from + by;
    if (to < 0 || to >= items.length) return;
    by < 0 ? items[to].before(items[from]) : items[to].after(items[from]);
    items[from].querySelector(by < 0 ? ".up" : ".down").focus();
    status.textContent = `${plain(texts.get(letter))}: now place ${to + 1} of ${items.length}`;
    renumber();
  }
  function item(letter) {
    const text = texts.get(letter);
    const up = element("button", { type: "button", className: "move up", textContent: "↑", onclick: () => move(letter, -1) });
    const down = element("button", { type: "button", className: "move down", textContent: "↓", onclick: () => move(letter, 1) });
    up.setAttribute("aria-label", `Move up: ${plain(text)}`);
    down.setAttribute("aria-label", `Move down: ${plain(text)}`);
    const made = element("li", {}, up, down, element("span", { className: "place" }), element("span", {}, ...words(text)));
    made.dataset.letter = letter;
    return made;
  }
  function renumber() {
    [...list.children].forEach((one, place) => { one.querySelector(".place").textContent = `${place + 1}.`; });
  }
  function write(given) {
    list.replaceChildren(...given.split(" ").filter((letter) => texts.has(letter)).map(item));
    renumber();
  }
  write(question.choices.map(([letter]) => letter).join(" "));
  return { node: element("div", {}, list, status), read: () => [...list.children].map((one) => one.dataset.letter).join(" "), write };
}

function matching(question) {
  const selects = question.lefts.map((left) => {
    const options = question.choices.map(([letter, text]) => element("option", { value: letter, textContent: plain(text) }));
    const select = element("select", {}, element("option", { value: "", textContent: "choose ..." }), ...options);
    select.setAttribute("aria-label", plain(left));
    return select;
  });
  const rows = question.lefts.map((left, place) =>
    element("div", { className: "pair" }, element("span", {}, ...words(left)), selects[place]));
  return {
    node: element("div", {}, ...rows),
    read: () => selects.every((one) => one.value) ? selects.map((one, place) => `${place + 1}${one.value}`).join(" ") : "",
    write: (given) => given.split(" ").forEach((pair) => {
      const select = selects[parseInt(pair, 10) - 1];
      if (select) select.value = pair.slice(-1);
    }),
  };
}

function unready(question) {
  return element("p", { className: "question", textContent: `${question.title}: ${question.text}` });
}

function card(model, question, name) {
  if (!kinds[question.kind]) return { node: unready(question), refresh: () => {} };
  const form = kinds[question.kind](question, name);
  const reply = element("div", { className: "reply" });
  reply.setAttribute("role", "status");
  const check = element("button", { type: "button", textContent: "Check" });
  const show = element("button", { type: "button", textContent: "Show the answer", hidden: true });
  const node = element(
    "fieldset", {},
    element("legend", { textContent: question.title }),
    element("div", { className: "question" }, ...words(question.text)),
    form.node,
    element("div", { className: "actions" }, check, show),
    reply,
  );
  function tell(heading, said, outcome) {
    reply.className = `reply filled ${outcome}`;
    reply.replaceChildren(element("strong", { textContent: heading }), heading ? " " : "", ...words(said));
  }
  // A reply that equals the last one does not travel: every message has another number than the last one answered.
  const ask = (what) => model.send({ id: question.id, asked: (model.get("reply")[question.id]?.asked || 0) + 1, ...what });
  let waiting = ""; // the answer that the kernel has not yet marked: a double click is one attempt
  function send() {
    const answer = form.read();
    if (!answer) return tell("○ Not attempted.", "Choose or write an answer first.", "not_attempted");
    if (answer === waiting) return;
    waiting = answer;
    tell("…", "The kernel looks at your answer. If nothing comes, it is busy or has stopped.", "waiting");
    ask({ answer });
  }
  check.onclick = send;
  show.onclick = () => ask({ show: true });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") { event.preventDefault(); send(); }
  });
  let last = "";
  function refresh() {
    const told = model.get("reply")[question.id] ?? model.get("state").earlier[question.id];
    if (!told || JSON.stringify(told) === last) return;
    last = JSON.stringify(told);
    waiting = "";
    if (told.given) form.write(String(told.given));
    show.hidden = told.outcome !== "incorrect";
    tell(told.heading, told.words, told.outcome);
  }
  return { node, refresh };
}

function render({ model, el }) {
  begin(el, "quiz");
  const cards = model.get("state").questions.map((question) => card(model, question, ownName("question")));
  el.replaceChildren(...cards.map((one) => one.node));
  const refresh = () => cards.forEach((one) => one.refresh());
  refresh();
  model.on("change:reply", refresh);
  return () => model.off("change:reply", refresh);
}

export default { render };
