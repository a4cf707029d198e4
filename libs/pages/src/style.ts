/** The one style sheet of all pages Sallyport itself shows. System fonts, light and dark, usable from 320 px upwards. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f4f6f8;--card:#fff;--ink:#17212b;--soft:#55636f;--line:#dbe2e8;--edge:#8090a0;--accent:#0f5f8c;
--accent-ink:#fff;--accent-soft:#e5f0f6;--warn:#8a5300;--warn-soft:#fdf1dc;--bad:#a3262a;--bad-soft:#fbe9e8;--good:#1d6b3f;
--good-soft:#e3f3e9;--focus:#0b72c4;--shadow:0 1px 2px rgb(16 32 48/.06),0 8px 24px rgb(16 32 48/.06)}
@media (prefers-color-scheme:dark){:root{--ground:#10161c;--card:#18212a;--ink:#e8eef3;--soft:#9fb0bd;--line:#2b3843;--edge:#6b7e8d;
--accent:#6cb8e6;--accent-ink:#06202f;--accent-soft:#16303f;--warn:#f0bf6a;--warn-soft:#3a2c12;--bad:#f39a97;
--bad-soft:#402022;--good:#84d0a2;--good-soft:#173525;--focus:#8ccbf5;--shadow:0 1px 2px rgb(0 0 0/.4)}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.18em}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:6px}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:1rem;margin:0;font-weight:600}
p{margin:0 0 .75rem}
.skip{position:absolute;left:-999px;top:.5rem;background:var(--card);padding:.5rem 1rem;border-radius:8px;z-index:1}
.skip:focus{left:.5rem}
.bar{background:var(--card);border-bottom:1px solid var(--line)}
.bar>div{max-width:72rem;margin:0 auto;padding:.75rem 1.25rem;display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}
.brand{display:inline-flex;align-items:center;gap:.6rem;font-weight:650;letter-spacing:-.01em;color:inherit;text-decoration:none;
margin-right:auto}
.brand svg{width:1.6rem;height:1.6rem;color:var(--accent);flex:none}
.who{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .9rem;font-size:.925rem;min-width:0}
.who b{font-weight:600}.who span{color:var(--soft)}
main{flex:1;width:100%;max-width:72rem;margin:0 auto;padding:2rem 1.25rem 3rem}
main.narrow{max-width:37rem;display:flex;flex-direction:column;justify-content:center;padding-block:2rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.75rem;box-shadow:var(--shadow)}
.lead{color:var(--soft);margin-bottom:1.5rem}
.mark{display:inline-flex;align-items:center;gap:.45rem;font-size:.8125rem;font-weight:600;border-radius:999px;
padding:.2rem .7rem;margin-bottom:.9rem;background:var(--accent-soft);color:var(--accent)}
.mark.warn{background:var(--warn-soft);color:var(--warn)}.mark.bad{background:var(--bad-soft);color:var(--bad)}
.mark.good{background:var(--good-soft);color:var(--good)}
.advice{border-left:3px solid var(--line);padding-left:.9rem;color:var(--soft)}
dl.facts{display:grid;grid-template-columns:minmax(6.5rem,max-content) 1fr;gap:.35rem 1rem;margin:1.25rem 0 0;padding-top:1.1rem;
border-top:1px solid var(--line);font-size:.875rem}
dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;min-width:0}
.card h2{margin:1.5rem 0 .35rem}
.card ul{margin:0 0 .75rem;padding-left:1.2rem}.card li+li{margin-top:.4rem}
.quote{margin:1.1rem 0 0;padding:.7rem .9rem;border-radius:9px;background:var(--ground);font-size:.875rem}
.quote span{display:block;color:var(--soft);margin-bottom:.15rem}
.copy{user-select:all;-webkit-user-select:all;cursor:copy}
.about{align-self:center;font-size:.925rem}
.card ul.numbers{list-style:none;padding:0}.numbers li{display:grid;grid-template-columns:5.5rem 1fr;gap:.75rem}
.more{margin:1.25rem 0 0}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.92em}
code span{display:inline-block;max-width:100%}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.4rem}
form{margin:0}
.button{display:inline-flex;align-items:center;justify-content:center;min-height:2.6rem;padding:.45rem 1.05rem;border-radius:9px;
border:1px solid transparent;background:var(--accent);color:var(--accent-ink);font:inherit;font-weight:600;text-decoration:none;
cursor:pointer}
.button:hover{filter:brightness(1.07)}
.button.quiet{background:transparent;color:var(--ink);border-color:var(--edge);font-weight:500;min-height:2.2rem;
padding:.25rem .85rem;font-size:.925rem}
.button.quiet:hover{border-color:var(--soft);filter:none}
.tiles{list-style:none;margin:0;padding:0;display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,17.5rem),1fr))}
.tile{display:flex;gap:.9rem;align-items:flex-start;height:100%;padding:1.05rem 1.1rem;background:var(--card);border:1px solid var(--line);
border-radius:14px;color:inherit;text-decoration:none;box-shadow:var(--shadow)}
.tile:hover{border-color:var(--accent)}
.tile:focus-visible{border-radius:14px}
.tile .text{min-width:0;display:block}
.tile .name{display:block;font-weight:600;line-height:1.3}
.tile .host{display:block;color:var(--soft);font-size:.85rem;line-height:1.35;margin-top:.15rem}
.tile .note{display:inline-block;margin-top:.35rem;font-size:.75rem;font-weight:600;color:var(--soft);border:1px solid var(--line);
border-radius:999px;padding:0 .5rem}
.letter{flex:none;width:2.75rem;height:2.75rem;border-radius:11px;display:grid;place-items:center;font-weight:650;font-size:1.15rem}
.tone0{background:#dcebf5;color:#0f527a}.tone1{background:#e4ecdc;color:#3c5a1a}.tone2{background:#f5e6dc;color:#87430f}
.tone3{background:#ece2f3;color:#62348a}.tone4{background:#f6e0e6;color:#8e2746}.tone5{background:#dcefec;color:#0d5b53}
@media (prefers-color-scheme:dark){.tone0{background:#1b3a4e;color:#b5dbf3}.tone1{background:#2b3c1b;color:#cfe3b6}
.tone2{background:#48301c;color:#f3cfae}.tone3{background:#38264a;color:#dcc3f0}.tone4{background:#4a2230;color:#f4c0ce}
.tone5{background:#163f3b;color:#aee2db}}
.hidden{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
.find{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:0 0 1rem}
.find label{flex:1 1 100%;font-size:.875rem;font-weight:600}
.find input{flex:1 1 12rem;max-width:28rem;min-width:0;min-height:2.6rem;padding:.4rem .8rem;font:inherit;color:var(--ink);background:var(--card);
border:1px solid var(--edge);border-radius:9px}.find .button{min-height:2.6rem}
.part{margin-top:2.75rem}.part h2{font-size:1.2rem;letter-spacing:-.01em;margin-bottom:.3rem}.part h2:focus{outline-offset:6px}
.part .lead{margin-bottom:1rem}.part .actions{margin-top:1.1rem}
.rows{list-style:none;margin:0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:var(--shadow)}
.rows>li{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center;padding:.8rem 1.1rem}
.rows>li+li{border-top:1px solid var(--line)}
.rows .what{flex:1 1 15rem;min-width:0}.rows .what b{font-weight:600;margin-right:.5rem}.rows .mark{margin:0}
.rows .more{margin:0;color:var(--soft);font-size:.875rem}.rows .more span{display:inline-block;margin-right:1rem}
.notice{border-radius:9px;padding:.7rem .95rem;margin:0 0 1.25rem;background:var(--good-soft);color:var(--good);font-weight:600}
.notice.bad{background:var(--bad-soft);color:var(--bad)}
.empty{border:1px dashed var(--line);border-radius:14px;padding:2rem 1.5rem;color:var(--soft);background:var(--card)}
footer{color:var(--soft);font-size:.8125rem;text-align:center;padding:0 1.25rem 1.5rem}
@media (max-width:30rem){.bar .who{width:100%;gap:.2rem .6rem}.bar .who form{margin-left:auto}main{padding-top:1.4rem}.card{padding:1.3rem}dl.facts{grid-template-columns:1fr;gap:.1rem}
dl.facts dd{margin-bottom:.5rem}.rows .button,.rows form{width:100%}.actions .button,.actions form{width:100%}.about{margin:0 auto}}
@media (prefers-reduced-motion:no-preference){.tile{transition:border-color .12s}}
@media (forced-colors:active){.card,.tile,.button{border:1px solid}}
@media print{body{background:none}.actions,.find,.rows form,.who form{display:none}}
`;
