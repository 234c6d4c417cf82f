/* A new element of the page; whatever comes from people is its text, never markup. */
export function element(kind, text, name) {
  const made = document.createElement(kind);
  if (text) {
    made.textContent = text;
  }
  if (name) {
    made.className = name;
  }
  return made;
}
