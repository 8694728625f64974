--- style.lua - how the page looks: {text =, hash = its SHA-256 in base64, by which the page's policy permits it}.

local LIGHT = [[
--back:#f5f6f8;--card:#fff;--text:#1b2129;--soft:#57616e;--line:#d9dee4;--link:#0a58a8;--row:#f5f7f9;
--good:#2da44e;--revoked:#cf222e;--unknown:#d29922;--absent:#218bff;--conflict:#8250df;--invalid:#8c959f;
--error:#24292f;
--r1:#cf222e;--r2:#e16f24;--r3:#bf8700;--r4:#8250df;--r5:#1b7c83;--r6:#8c959f;--r7:#c4cad1;color-scheme:light;
]]

local DARK = [[
--back:#0e1217;--card:#161c23;--text:#e7ebf0;--soft:#9da8b5;--line:#2c353f;--link:#7cb9ff;--row:#1b222b;
--good:#3fb950;--revoked:#ff6a69;--unknown:#e3b341;--absent:#58a6ff;--conflict:#bc8cff;--invalid:#768390;
--error:#f0f3f6;
--r1:#ff6a69;--r2:#f0883e;--r3:#e3b341;--r4:#bc8cff;--r5:#39c5cf;--r6:#768390;--r7:#4a545f;color-scheme:dark;
]]

local RULES = [[
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:1400px;margin:0 auto;padding:0 24px}
header{display:flex;gap:24px;align-items:flex-start;justify-content:space-between;padding-top:32px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:16px;margin:0 0 12px}
p{margin:0 0 8px}
.soft,footer,figcaption{color:var(--soft)}
.verdict{margin:16px 0 0;padding:14px 18px;border-radius:10px;background:var(--card);border:1px solid var(--line);
border-left:6px solid var(--invalid);font-size:18px;font-weight:600}
.verdict p{margin:0}
.verdict.good{border-left-color:var(--good)}
.verdict.revoked{border-left-color:var(--revoked)}
.verdict.unclear{border-left-color:var(--unknown)}
.verdict.error{border-left-color:var(--error)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0 0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 16px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto;margin-bottom:10px}
svg text{font:10px system-ui,sans-serif;fill:var(--soft);text-anchor:middle}
svg .value{fill:var(--text);font-weight:600}
svg line{stroke:var(--line)}
.bar{height:26px;border-radius:6px}
.key{display:flex;flex-wrap:wrap;gap:6px 20px;list-style:none;margin:0;padding:0}
.key b{font-variant-numeric:tabular-nums}
.dot::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px;
background:var(--c)}
.good{--c:var(--good)}.revoked{--c:var(--revoked)}.unknown{--c:var(--unknown)}.absent{--c:var(--absent)}
.conflict{--c:var(--conflict)}.invalid{--c:var(--invalid)}.error{--c:var(--error)}
.r1{--c:var(--r1)}.r2{--c:var(--r2)}.r3{--c:var(--r3)}.r4{--c:var(--r4)}.r5{--c:var(--r5)}
.r6{--c:var(--r6)}.r7{--c:var(--r7)}
rect{fill:var(--c)}
button,input[type=search]{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
border-radius:7px;padding:6px 12px}
button{cursor:pointer}
button:hover:enabled{border-color:var(--soft)}
button:disabled{color:var(--soft);cursor:default;opacity:.6}
button[aria-pressed=true]{background:var(--text);color:var(--card)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.tools{display:flex;flex-wrap:wrap;gap:10px 20px;align-items:end;margin:0 0 12px}
.tools label{display:inline-flex;align-items:center;gap:6px}
.tools label:first-child{flex:1 1 280px;flex-direction:column;align-items:stretch;gap:2px}
fieldset{display:flex;flex-wrap:wrap;gap:2px 16px;border:0;margin:0;padding:0}
legend{padding:0;color:var(--soft)}
.table{overflow-x:auto;margin:8px -20px 0}
tbody tr:last-child td{border-bottom:0}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{text-align:left;vertical-align:top;padding:6px 10px;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:20px}
th{color:var(--soft);font-weight:600;white-space:nowrap}
td{overflow-wrap:break-word;max-width:340px}
.dot{white-space:nowrap}
tbody tr:hover{background:var(--row)}
.mono{font:12.5px/1.65 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.time{white-space:nowrap;font-variant-numeric:tabular-nums}
.pages{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:12px 0 0}
.pages span{flex:1}
footer{padding-top:16px;padding-bottom:32px;font-size:13px}
.printed{display:none}
@media screen and (max-width:800px){.pair{grid-template-columns:1fr}}
]]

local PRINT = [[
@page{size:landscape}
@media print{:root,:root[data-theme]{%s}
body{font-size:10pt;background:none}
main,header,footer{max-width:none;padding:0}
section,.verdict{break-inside:avoid;margin-top:10pt}
section.rows{break-inside:auto;border:0;padding:0}
.table{margin:0;overflow:visible}
table{font-size:7pt}
.mono{font-size:6.5pt}
th,td{padding:3px 5px}
td{overflow-wrap:anywhere}
.wide{min-width:140px}
tr{break-inside:avoid}
.screen{display:none}
.printed{display:block}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
]]

local text = (":root{%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n:root[data-theme=light]{%s}\n"):format(
    LIGHT, DARK, LIGHT) .. (":root[data-theme=dark]{%s}\n"):format(DARK) .. RULES .. PRINT:format(LIGHT)

return { text = text, hash = "eC1a7WXsfdQBVGeLN/jVnDvBXsuYl5SyhfgvyVNtCnI=" }
