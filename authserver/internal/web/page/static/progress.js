// A part marked data-refresh changes by itself: it is fetched again after so many seconds,
// while somebody looks, until it is not marked any more. The link beside it does the same.
(() => {
  "use strict";
  const refresh = (part) => setTimeout(async () => {
    try {
      const answer = document.hidden ? null : await fetch(location.href);
      const text = answer?.ok ? await answer.text() : "";
      const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
      if (fresh && !fresh.dataset.refresh) return;
    } catch {
      // Next time.
    }
    refresh(part);
  }, 1000 * part.dataset.refresh);
  document.querySelectorAll("[data-refresh]").forEach(refresh);
})();
