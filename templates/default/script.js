// The page reads and plays without this script. It adds two comforts: buttons
// that copy the attribution, and a player that goes on to the next track. It
// holds no ampersand and no less-than sign, so that the page is XML as well.
(function () {
  "use strict";

  function say(button, words) {
    button.querySelector("span").textContent = words;
    document.getElementById("copy-status").textContent = words;
    setTimeout(function () {
      button.querySelector("span").textContent = button.dataset.label;
    }, 2500);
  }

  function select(node) {
    var selection = window.getSelection();
    var range = document.createRange();
    range.selectNodeContents(node);
    selection.removeAllRanges();
    selection.addRange(range);
  }

  // Pages from a disk or over plain http have no navigator.clipboard.
  function copySelected(button, node) {
    function plainText(event) {
      event.clipboardData.setData("text/plain", node.textContent);
      event.preventDefault();
    }
    var done = false;
    select(node);
    document.addEventListener("copy", plainText);
    try {
      done = document.execCommand("copy");
    } catch (refused) {
      done = false;
    }
    document.removeEventListener("copy", plainText);
    say(button, done ? "Copied" : "Selected, now copy it");
  }

  function copy(button) {
    var node = document.getElementById(button.dataset.copy);
    if (!navigator.clipboard) {
      copySelected(button, node);
      return;
    }
    navigator.clipboard.writeText(node.textContent).then(
      function () { say(button, "Copied"); },
      function () { copySelected(button, node); });
  }

  document.querySelectorAll("button[data-copy]").forEach(function (button) {
    button.hidden = false;
    button.dataset.label = button.querySelector("span").textContent;
    button.addEventListener("click", function () { copy(button); });
  });

  var player = document.getElementById("player");
  var tracks = Array.from(document.querySelectorAll("a[data-track]"));
  if (!player || tracks.length === 0) {
    return;
  }

  function mark(track) {
    tracks.forEach(function (other) { other.removeAttribute("aria-current"); });
    track.setAttribute("aria-current", "true");
  }

  function play(track) {
    mark(track);
    player.src = track.href;
    player.play().catch(function () { /* the controls show what went wrong */ });
  }

  tracks.forEach(function (track, i) {
    track.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) {
        return;
      }
      event.preventDefault();
      play(track);
    });
    player.addEventListener("ended", function () {
      if (track.getAttribute("aria-current") !== "true") {
        return;
      }
      if (tracks[i + 1]) {
        setTimeout(function () { play(tracks[i + 1]); }, 0);
      }
    });
  });
  mark(tracks[0]);
})();
