// Comforts of the pages about an API, which work without them.
(() => {
  "use strict";
  // The language of samples is the one that was last chosen.
  const chosen = "latchkey-sample";
  const languages = [...document.querySelectorAll("input[name=sample]")];
  try {
    for (const one of languages) {
      if (one.value === localStorage.getItem(chosen)) one.checked = true;
      one.addEventListener("change", () => localStorage.setItem(chosen, one.value));
    }
  } catch { /* nothing may be kept here */ }

  // What is found changes as one types.
  const field = document.querySelector("input[data-live]");
  const results = document.getElementById("results");
  if (!field || !results) return;
  let asked, waiting;
  const look = async () => {
    asked?.abort();
    asked = new AbortController();
    const to = new URL(field.form.action);
    const q = field.value.trim();
    if (q) to.searchParams.set("q", q);
    try {
      const answer = await fetch(to, { signal: asked.signal });
      if (!answer.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      results.replaceChildren(...found.getElementById("results").childNodes);
      document.title = found.title;
      history.replaceState(null, "", to);
      document.getElementById("said").textContent = document.getElementById("count")?.textContent ?? "";
    } catch { /* the next letter, or the button, asks again */ }
  };
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 150); });
})();
