// Sends the form of a file and shows how much of it has left the browser. Without it the form works as any other.
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  const shown = form.querySelector("[data-upload-shown]"), bar = shown.querySelector("progress"), text = shown.querySelector("span");
  const button = form.querySelector("button.main");
  const request = new XMLHttpRequest();
  const over = (said) => {
    shown.dataset.failed = "";
    text.textContent = said;
    button.disabled = false;
  };
  shown.hidden = false;
  button.disabled = true;
  delete shown.dataset.failed;
  request.upload.onprogress = (sent) => {
    if (!sent.lengthComputable) return;
    const share = Math.floor((100 * sent.loaded) / sent.total);
    bar.value = share;
    text.textContent = share < 100 ? `Sending: ${share} %` : "Sent; it is being looked at …";
  };
  // The answer leads to the page of the import, or says on the same page what is wrong.
  request.onload = () => {
    if (request.status < 400) location.assign(request.responseURL);
    else {
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      over(page.querySelector(".problem, .verdict.bad, [role=alert]")?.textContent.trim() || `The server answered ${request.status}.`);
    }
  };
  request.onerror = () => over("The connection was lost. Send the file again; what was counted is recognised.");
  request.open("POST", form.action);
  request.send(new FormData(form));
});
