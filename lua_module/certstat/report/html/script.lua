--- script.lua - what the page does: {text =, hash = its SHA-256 in base64, by which the page's policy permits it}.
--
-- Rows are in the page as JSON; a hundred of them are shown at a time. What they hold enters the page as text alone.

local text = [==[
(function () {
  "use strict";
  const PAGE = 100;
  const SERIAL = 1, KEY = 2, REVOKED = 3, REASON = 4, EXPIRES = 5, SUBJECT = 6, SOURCE = 7, NOTE = 8;
  const byId = (id) => document.getElementById(id);
  const rows = JSON.parse(byId("rows").textContent);
  const boxes = Array.from(document.querySelectorAll("input[name=status]"));
  const number = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  const time = (seconds) => seconds ? new Date(seconds * 1000).toISOString().replace(".000", "") : "";

  const columns = [
    { at: SERIAL, title: "Serial number", css: "mono" },
    { at: 0, title: "Status", css: "status" },
    { at: REVOKED, title: "Revoked at", css: "time", text: time },
    { at: REASON, title: "Reason" },
    { at: EXPIRES, title: "Expires at", css: "time", text: time },
    { at: SUBJECT, title: "Subject", css: "wide" },
    { at: SOURCE, title: "Found in" },
    { at: NOTE, title: "Note" },
  ].filter((column) => column.at < 2 || rows.some((row) => row[column.at]));

  let found = rows, page = 0;
  const texts = []; // in lower case, of the rows that were searched

  function textOf(row, i) {
    if (texts[i] === undefined) {
      texts[i] = [row[SERIAL], row[KEY], row[REASON], row[SUBJECT], row[SOURCE], row[NOTE]].join("\n").toLowerCase();
    }
    return texts[i];
  }

  // A serial number may be sought in any form: with colons, in upper case.
  function matcher(query) {
    const hex = /^[0-9a-f]+(:[0-9a-f]+)+$/.test(query) ? query.replace(/:/g, "") : query;
    return (text) => text.includes(query) || text.includes(hex);
  }

  function add(parent, name, text, css) {
    const element = document.createElement(name);
    element.textContent = text;
    if (css) {
      element.className = css;
    }
    return parent.appendChild(element);
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const first = page * PAGE, shown = found.slice(first, first + PAGE);
    const body = document.createElement("tbody");
    for (const row of shown) {
      const line = body.appendChild(document.createElement("tr"));
      for (const column of columns) {
        const value = row[column.at];
        if (column.css === "status") {
          add(add(line, "td", ""), "span", boxes[value].value, "dot " + boxes[value].value);
        } else {
          add(line, "td", column.text ? column.text(value) : value || "", column.css);
        }
      }
    }
    byId("table").replaceChild(body, byId("table").tBodies[0]);
    const range = found.length === 0 ? "No row" : "Rows " + number(first + 1) + " to " + number(first + shown.length);
    byId("range").textContent = range + " of " + number(found.length)
      + (found.length < rows.length ? " found among " + number(rows.length) : "");
    byId("first").disabled = byId("previous").disabled = page === 0;
    byId("last").disabled = byId("next").disabled = page === pages - 1;
  }

  function search() {
    const query = byId("search").value.trim().toLowerCase();
    const wanted = boxes.map((box) => box.checked), matches = matcher(query);
    found = rows.filter((row, i) => wanted[row[0]] && (query === "" || matches(textOf(row, i))));
    page = 0;
    show();
  }

  function turn(id, to) {
    byId(id).addEventListener("click", () => {
      page = to();
      show();
    });
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const showTheme = () => byId("theme").setAttribute("aria-pressed", isDark());
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  showTheme();

  for (const column of columns) {
    add(byId("table").tHead.rows[0], "th", column.title).scope = "col";
  }
  turn("first", () => 0);
  turn("previous", () => page - 1);
  turn("next", () => page + 1);
  turn("last", () => Infinity);
  byId("search").addEventListener("input", search);
  boxes.forEach((box) => box.addEventListener("change", search));
  search(); // a browser that comes back to the page keeps what was typed
})();
]==]

return { text = text, hash = "Mlafxiru/NtGizplMvkEJFpJ0wuML57oQkDhTduztEY=" }
