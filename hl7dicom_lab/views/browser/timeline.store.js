// What a timeline knows: its arrows, with or without details, as the kernel told it. Kept by the model's first state, so
// that everything drawn from one model shows the same. `timeline_fold.py` folds by the same rule.
const stores = new WeakMap();

function storeOf(model) {
  const first = model.get("state");
  if (!stores.has(first)) stores.set(first, store(model, first));
  return stores.get(first);
}

function store(model, first) {
  const arrows = new Map(first.arrows.map((one) => [one.id, one]));
  const details = new Map(Object.entries(first.details));
  const listeners = new Set();
  const made = { leftOut: first.left_out, clears: first.clears, details, version: 0, isLive: false };
  let sorted = null;

  made.arrows = () => {
    sorted ??= [...arrows.values()].sort((one, other) => one.order - other.order);
    return sorted;
  };
  made.listen = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  made.ask = (id) => model.send({ what: "detail", id });
  made.hello = () => model.send({ what: "hello", clears: made.clears, has: [...arrows.keys()] });
  made.gone = () => model.send({ what: "gone" });

  function news(message) {
    if (message.clears !== made.clears) {
      arrows.clear();
      details.clear();
    }
    made.clears = message.clears;
    made.leftOut = message.left_out;
    message.put.forEach((one) => { arrows.set(one.id, one); details.delete(one.id); });
    message.drop.forEach((id) => { arrows.delete(id); details.delete(id); });
    Object.entries(message.details).forEach(([id, one]) => details.set(id, one));
    sorted = null;
    made.version += 1;
  }

  function heard(message) {
    if (message.what === "news") news(message);
    else if (message.what === "detail") details.set(message.id, message.detail ?? { data: "", table: null, bytes: "", size: 0, whole: true, gone: true });
    else return;
    made.isLive = true;
    listeners.forEach((listener) => listener(message));
  }

  model.on("msg:custom", heard);
  made.hello();
  return made;
}

const answersToFold = 3;
const exchangesToFold = { DICOM: 3, HL7: 6 };

// Entries to draw: { first, arrows, number, label, summary, sentence, key, isFold, inside }.
function entriesOf(numbered, opened) {
  const entries = [];
  for (let at = 0; at < numbered.length;) {
    let end = at + 1;
    const { alike } = numbered[at].arrow;
    while (alike && end < numbered.length && numbered[end].arrow.alike === alike) end += 1;
    foldRun(numbered.slice(at, end), opened, entries);
    at = end;
  }
  return entries;
}

function foldRun(run, opened, entries) {
  const allAnswers = run.every(({ arrow }) => arrow.form === "answer");
  const begin = !allAnswers && run[0].arrow.form === "answer" ? 1 : 0;
  const end = run.length - (run.at(-1).arrow.form === "ask" ? 1 : 0);
  const least = allAnswers ? answersToFold : 2 * exchangesToFold[run[0].arrow.protocol];
  const whole = run.slice(begin, end);
  const regular = whole.every(({ arrow }, place) => arrow.form === (allAnswers || place % 2 ? "answer" : "ask"));
  if (whole.length < least || !regular) return entries.push(...run.map((one) => single(one, false)));
  entries.push(...run.slice(0, begin).map((one) => single(one, false)));
  const fold = foldOf(whole);
  entries.push(fold);
  if (opened.has(fold.key)) entries.push(...whole.map((one) => single(one, true)));
  return entries.push(...run.slice(end).map((one) => single(one, false)));
}

function single({ arrow, number }, inside) {
  const where = arrow.form === "note" ? `at ${arrow.receiver}` : `${arrow.sender} to ${arrow.receiver}`;
  const wrong = arrow.severity ? `${severityWords[arrow.severity].replace(/^./, (letter) => letter.toUpperCase())}: ` : "";
  const said = arrow.summary ? `${arrow.label}. ${arrow.summary}` : arrow.label;
  const sentence = arrow.form === "note" ? `${wrong}${where}: ${arrow.summary || arrow.label}` : `${wrong}${where}, ${arrow.protocol} ${said}`;
  return { first: arrow, arrows: [arrow], number, numbers: String(number), label: arrow.label, summary: arrow.summary, sentence, key: arrow.id, isFold: false, inside };
}

function foldOf(run) {
  const { arrow, number } = run[0];
  const count = run.filter((one) => one.arrow.form === arrow.form).length;
  const label = `${arrow.label} × ${count}`;
  const summary = arrow.form === "answer" ? `${count} answers, all alike` : `${count} requests, each answered with ${run[1].arrow.label}`;
  return {
    first: arrow, arrows: run.map((one) => one.arrow), number, numbers: `${number}–${run.at(-1).number}`, label, summary,
    sentence: `${arrow.sender} to ${arrow.receiver}, ${arrow.protocol} ${label}. ${summary}`, key: `fold ${arrow.id}`, isFold: true, inside: false,
  };
}
