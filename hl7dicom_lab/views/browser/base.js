// Stands before the code of every widget of the lab. Everything is drawn with textContent: text from the wire stays text.

// An element that JupyterLab's shortcuts do not reach: use it for all that can have the focus.
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab looks for it on the element that has the focus
  made.append(...children);
  return made;
}

// Text with `code` in it, as the text form writes it.
function words(text) {
  return String(text).split("`").map((part, place) => place % 2 ? element("code", { textContent: part }) : part);
}

// A name that no other widget of the page has, for ids and groups: each widget has its own copy of its code.
function ownName(stem) {
  return `hl7dicom-${stem}-${Math.random().toString(36).slice(2)}`;
}

// A place where news are read out by a screen reader; not to be seen.
function announcer() {
  const made = element("span", { className: "hl7dicom-read-out" });
  made.setAttribute("role", "status");
  return made;
}

// Begin to draw: the widget's own class.
function begin(el, name) {
  el.classList.add("hl7dicom-live", `hl7dicom-${name}`);
}
