// Passkeys need a script: the browser offers them no other way. Forms marked
// data-passkey="create" or "get" stay hidden where this does not run.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const decode = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0)).buffer;
  };
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const read = (options) => {
    const o = { ...options, challenge: decode(options.challenge) };
    if (o.user) o.user = { ...o.user, id: decode(o.user.id) };
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      if (o[list]) o[list] = o[list].map((c) => ({ ...c, id: decode(c.id) }));
    }
    return o;
  };

  const write = (credential) => {
    const r = credential.response;
    const response = { clientDataJSON: encode(r.clientDataJSON) };
    if (r.attestationObject) {
      response.attestationObject = encode(r.attestationObject);
      response.transports = r.getTransports ? r.getTransports() : [];
    } else {
      response.authenticatorData = encode(r.authenticatorData);
      response.signature = encode(r.signature);
      if (r.userHandle) response.userHandle = encode(r.userHandle);
    }
    return JSON.stringify({
      id: credential.id, rawId: encode(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment || undefined, clientExtensionResults: {},
    });
  };

  const run = async (form) => {
    const answer = await fetch(form.dataset.options, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin", redirect: "error",
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.message || form.dataset.failed);
    const publicKey = read(body.publicKey);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.credential.value = write(credential);
    form.submit();
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const alert = form.querySelector("[data-passkey-alert]");
    const button = form.querySelector("button[type=submit]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      alert.hidden = true;
      button.disabled = true;
      try {
        await run(form);
      } catch (error) {
        const known = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known" }[error.name];
        alert.textContent = known ? form.dataset[known] : error.name === "Error" ? error.message : form.dataset.failed;
        alert.hidden = false;
        button.disabled = false;
      }
    });
    (form.closest("[data-passkey-only]") || form).hidden = false;
    form.hidden = false;
  }
  for (const without of document.querySelectorAll("[data-passkey-without]")) without.hidden = true;
})();
