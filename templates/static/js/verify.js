// Computes the SHA-256 of a notice in the browser, so that the file stays where it is. Without this file the form sends it.
for (const form of document.querySelectorAll("form[data-verify]")) {
  const says = form.querySelector("[data-says]");
  const input = form.querySelector('input[type="file"]');

  const check = async (file) => {
    const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (!form.dataset.sha256) location.assign(`/verify?sha256=${hex}`);
    else says.textContent = hex === form.dataset.sha256 ? form.dataset.same : form.dataset.other;
  };

  form.addEventListener("submit", (event) => {
    if (!globalThis.crypto?.subtle || !input.files.length) return; // the server does it then
    event.preventDefault();
    check(input.files[0]);
  });
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file || !globalThis.crypto?.subtle) return;
    event.preventDefault();
    check(file);
  });
}
