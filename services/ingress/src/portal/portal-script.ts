/**
 * The script of the portal page; everything works without it. It filters the tiles while somebody types, by the words the
 * server has put into `data-find`, and shows instants in the time of the browser. Folding is that of `foldText`.
 */
export const PORTAL_SCRIPT = `(function(){var d=document,q=d.getElementById('q'),s=d.getElementById('found');
d.querySelectorAll('time').forEach(function(t){try{t.textContent=new Date(t.dateTime).toLocaleString(d.documentElement.lang,{dateStyle:'medium',timeStyle:'short'})}catch(e){}});
if(!q||!s)return;var tiles=d.querySelectorAll('.tiles>li');
function words(x){return x.normalize('NFD').replace(/[\\u0300-\\u036f]/g,'').toLowerCase().split(/\\s+/).filter(Boolean)}
q.addEventListener('input',function(){var w=words(q.value),n=0;tiles.forEach(function(t){var f=t.getAttribute('data-find');
t.hidden=!w.every(function(x){return f.indexOf(x)>=0});if(!t.hidden)n++});
s.textContent=w.length===0?s.getAttribute('data-all'):n===0?s.getAttribute('data-none'):n===1?s.getAttribute('data-one'):s.getAttribute('data-many').replace('#',n)})})()`;
