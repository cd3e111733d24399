// Takes what has changed from the same page, asked for again. Without script the
// page refreshes as a whole.
(function () {
  "use strict";
  const main = document.querySelector("main");
  const silence = document.getElementById("silence");

  function replace(page) {
    const focus = document.activeElement && document.activeElement.getAttribute("href");
    document.title = page.title;
    main.replaceChildren(...page.querySelector("main").childNodes);
    if (focus) {
      const again = main.querySelector('a[href="' + CSS.escape(focus) + '"]');
      if (again) again.focus({preventScroll: true});
    }
  }

  async function refresh() {
    try {
      const answer = await fetch(location.href, {cache: "no-store", signal: AbortSignal.timeout(5000)});
      if (!answer.ok) throw new Error(answer.statusText);
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
      silence.textContent = "";
    } catch (e) {
      silence.textContent = "The seeder does not answer. What stands here is what it said last.";
    }
  }

  async function go() {
    if (!document.hidden) await refresh();
    setTimeout(go, 2000);
  }
  setTimeout(go, 2000);
})();
