// Looks at a page anew whose errand or servers are not done; without it the page does so by itself, or by its link.
const seconds = Number(document.getElementById("main").dataset.again);
if (seconds) setTimeout(() => location.reload(), seconds * 1000);
