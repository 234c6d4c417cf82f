// What the log-in pages can say before anybody has typed anything. They work without this file, too.
"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const name = by("username_input");
  const secret = by("password_input");

  for (const button of document.querySelectorAll("[data-shows]")) {
    const field = by(button.dataset.shows);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      button.textContent = shown ? button.dataset.show : button.dataset.hide;
    });
  }
  if (!name || !secret) return;

  // A slip's QR code leads here with the name and the code behind the #, which no browser sends to the hub or its logs.
  const fill = () => {
    const slip = new URLSearchParams(location.hash.slice(1));
    if (!slip.has("name")) return;
    name.value = slip.get("name");
    secret.value = slip.get("code") || "";
    history.replaceState(null, "", location.pathname + location.search);
    (secret.value ? by("login_submit") : secret).focus();
  };
  fill();
  addEventListener("hashchange", fill); // another slip, scanned while this page is open

  if (by("no-cookies")) by("no-cookies").hidden = navigator.cookieEnabled;

  if (by("no-websocket")) {
    const told = (bad) => { by("no-websocket").hidden = !bad; };
    try {
      const address = new URL(document.body.dataset.base + "can-connect", location.href);
      address.protocol = address.protocol.replace("http", "ws");
      const socket = new WebSocket(address);
      const late = setTimeout(() => told(true), 8000);
      socket.onopen = () => { clearTimeout(late); told(false); socket.close(); };
      socket.onerror = () => { clearTimeout(late); told(true); };
    } catch (error) {
      told(true);
    }
  }
})();
