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

  // A button marked data-zone-of chooses this device's time zone in the list it names.
  for (const button of document.querySelectorAll("button[data-zone-of]")) {
    const list = document.getElementById(button.dataset.zoneOf);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!list || !zone || zone === list.value) continue;
    button.textContent = button.dataset.text.replace("%s", zone.replaceAll("_", " "));
    button.hidden = false;
    button.addEventListener("click", () => {
      if (![...list.options].some(one => one.value === zone)) list.add(new Option(zone, zone));
      list.value = zone;
      list.focus();
    });
  }

  // Buttons marked data-reveal show what is typed into the password of that name. It is
  // a password again before it is sent, so that browsers keep none as text.
  for (const button of document.querySelectorAll("button[data-reveal]")) {
    const field = document.getElementById(button.dataset.reveal);
    const show = button.firstChild.textContent;
    const turn = (open) => {
      field.type = open ? "text" : "password";
      button.setAttribute("aria-pressed", open);
      button.firstChild.textContent = open ? button.dataset.hide : show;
    };
    button.hidden = false;
    button.addEventListener("click", () => { turn(field.type === "password"); field.focus(); });
    field.form.addEventListener("submit", () => turn(false));
  }

  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
})();
