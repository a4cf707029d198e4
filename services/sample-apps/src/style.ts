/** Own look on purpose: these pages stand for an app behind Sallyport, not for Sallyport. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#fbfaf7;--card:#fff;--ink:#1c1b19;--soft:#66625a;--line:#e4dfd5;--accent:#7a3e12;
--good:#17633a;--good-soft:#e2f2e8;--bad:#9c2020;--bad-soft:#fae6e4;--idle:#5b5a55;--idle-soft:#eeece6}
@media (prefers-color-scheme:dark){:root{--ground:#161513;--card:#1f1d1a;--ink:#efece6;--soft:#aba598;--line:#37332c;
--accent:#e5a878;--good:#85d4a4;--good-soft:#16301f;--bad:#f29d97;--bad-soft:#3c1d1b;--idle:#bdb8ad;--idle-soft:#2b2823}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 2rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.015em}
h2{font-size:1.05rem;margin:0 0 .75rem}
.eyebrow{margin:0 0 .35rem;font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;color:var(--accent);font-weight:650}
.soft{color:var(--soft);margin:.25rem 0 1.5rem}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.9em}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.4rem 1.5rem;margin:0 0 1.25rem}
section.verified{border-left:5px solid var(--good)}section.invalid{border-left:5px solid var(--bad)}
section.absent,section.unchecked{border-left:5px solid var(--idle)}
.badge{display:inline-block;font-size:.8rem;font-weight:650;border-radius:999px;padding:.15rem .7rem;margin-left:.5rem;
vertical-align:.1em}
.verified .badge{background:var(--good-soft);color:var(--good)}.invalid .badge{background:var(--bad-soft);color:var(--bad)}
.absent .badge,.unchecked .badge{background:var(--idle-soft);color:var(--idle)}
table{width:100%;border-collapse:collapse;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-top:1px solid var(--line)}
tr:first-child th,tr:first-child td{border-top:0}
th{width:16rem;font-weight:500;color:var(--soft)}
.numbers{display:flex;flex-wrap:wrap;gap:1rem;margin:0}
.numbers div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.4rem;min-width:11rem}
.numbers dt{color:var(--soft);font-size:.85rem}.numbers dd{margin:0;font-size:1.6rem;font-weight:650}
.dot{display:inline-block;width:.75em;height:.75em;border-radius:50%;background:var(--good);margin-right:.5rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.5rem;margin:0;padding:0}
nav a,button{display:inline-block;font:inherit;font-size:.92rem;color:var(--accent);background:transparent;
border:1px solid var(--line);border-radius:8px;padding:.35rem .8rem;text-decoration:none;cursor:pointer}
nav a:hover,button:hover{border-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:6px}
input[type=file],input[type=text]{font:inherit;color:inherit;margin:0 .75rem .75rem 0}
footer{text-align:center;color:var(--soft);font-size:.82rem;padding:0 1rem 2rem}
@media (max-width:36rem){th{width:auto;display:block;border-top:1px solid var(--line);padding-bottom:0}
td{display:block;border-top:0;padding-top:0}tr:first-child th{border-top:0}}
`;
