// Day and night without loading the page again. The server writes <html data-theme>; whoever draws on a canvas reads the
// resolved colours by `--theme` ("light" | "dark") and draws again at the window's event "muster:theme".

const root = document.documentElement;
const YEAR_S = 365 * 24 * 3600;
const night = matchMedia("(prefers-color-scheme: dark)");
const tell = () => window.dispatchEvent(new Event("muster:theme"));

/** The colours in use now: "light" or "dark". */
export const theme = () => getComputedStyle(root).getPropertyValue("--theme").trim();

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-theme-next]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  root.dataset.theme = link.dataset.themeNext;
  document.cookie = `theme=${root.dataset.theme}; max-age=${YEAR_S}; path=/; samesite=lax`;
  const shown = document.querySelector(`a[data-when="${root.dataset.theme}"]`); // the link that was pressed is hidden now
  shown?.focus();
  tell();
});
night.addEventListener("change", () => root.dataset.theme === "auto" && tell());
