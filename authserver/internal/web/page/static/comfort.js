// Comforts. Every page works without them, and what only they can do is hidden
// where they do not run.
(() => {
  "use strict";
  const said = document.getElementById("said");

  // Buttons marked data-copy copy the text of the element they name.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    if (!navigator.clipboard || !source) continue;
    const label = [...button.childNodes];
    button.hidden = false;
    button.addEventListener("click", async () => {
      const lines = source.querySelectorAll("li");
      const text = lines.length ? [...lines].map(line => line.textContent).join("\n") + "\n" : source.textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = said.textContent = button.dataset.done;
        setTimeout(() => { button.replaceChildren(...label); said.textContent = ""; }, 2000);
      } catch {
        getSelection().selectAllChildren(source);
      }
    });
  }

  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
})();
