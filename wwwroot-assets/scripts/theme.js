// Runs before the first paint: the theme is the cookie's (then the server has set it already), else the system's.
// Written once into the cookie, so that pages that come later from the server agree.
const stored = /(?:^|; )theme=(dark|light)/.exec(document.cookie)?.[1];
const theme = stored ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.documentElement.dataset.theme = theme;
if (!stored) document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
