// The deck: one slide at a time, by keyboard, wheel-free, with notes below it or in a second window.
// Rule: what is scrolled stays scrolled: up and down belong to the slide, right and left to the deck.
(() => {
  "use strict";
  const root = document.documentElement;
  const slides = [...document.querySelectorAll(".slide")];
  let now = 0;
  let other = window.opener;
  root.classList.add("deck");

  function show(place, told) {
    now = Math.min(Math.max(place, 0), slides.length - 1);
    slides.forEach((slide, index) => slide.classList.toggle("now", index === now));
    slides[now].querySelector(".shown").focus({ preventScroll: true });
    history.replaceState(null, "", `#${now + 1}${root.classList.contains("with-notes") ? "n" : ""}`);
    if (!told && other && !other.closed) other.postMessage({ slide: now }, "*");
  }

  function fromAddress() {
    root.classList.toggle("with-notes", location.hash.endsWith("n"));
    show((parseInt(location.hash.slice(1), 10) || 1) - 1, true);
  }

  const keys = {
    ArrowRight: () => show(now + 1),
    PageDown: () => show(now + 1),
    " ": () => show(now + 1),
    ArrowLeft: () => show(now - 1),
    PageUp: () => show(now - 1),
    Home: () => show(0),
    End: () => show(slides.length - 1),
    n: () => {
      root.classList.toggle("with-notes");
      show(now, true);
    },
    s: () => {
      other = window.open(`${location.href.split("#")[0]}#${now + 1}n`, "speaker", "popup,width=1000,height=760");
    },
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  window.addEventListener("message", (event) => {
    const place = event.data && event.data.slide;
    // Only the window that was opened from here, or that has opened this one, is listened to.
    if (event.source === other && Number.isInteger(place)) show(place, true);
  });
  window.addEventListener("hashchange", fromAddress);
  fromAddress();
})();
