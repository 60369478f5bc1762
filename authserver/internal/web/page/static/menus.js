// A menu of a row closes by Escape, and by a click elsewhere.
(() => {
  "use strict";
  document.addEventListener("click", event => {
    for (const menu of document.querySelectorAll(".act[open]")) menu.open = menu.contains(event.target);
  });
  document.addEventListener("keydown", event => {
    const menu = event.key === "Escape" && event.target.closest(".act[open]");
    if (!menu) return;
    menu.open = false;
    menu.firstElementChild.focus();
  });
})();
