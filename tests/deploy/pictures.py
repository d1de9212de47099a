"""Opens dashboards in Debian's Chromium, says what each panel shows, and takes pictures. Run by the tools' Python.

Standard input: JSON {"chromium": path, "shots": [{"url", "file", "width", "theme"}]}. Standard output: JSON, for each
shot a list of {"title", "error", "text", "drawn"}.
"""

import json
import sys

from playwright.sync_api import sync_playwright

_WAIT_MS = 40_000
_MARGIN = 40

#: Every panel has been let in by Grafana, none loads, and each has drawn something or says why not. Headings of rows
#: have a panel's id but no content.
_DONE = """() => {
  const panels = [...document.querySelectorAll('[data-panelid]')].filter(p => p.querySelector('h6'));
  return panels.length > 0 && !document.querySelector('[aria-label="Panel loading bar"]') && panels.every(p => {
    const content = p.querySelector('[class*="panel-content"]');
    return content && (content.querySelector('canvas') || content.innerText.trim());
  });
}"""
_HEIGHT = """() => Math.max(...[...document.querySelectorAll('[data-panelid]')].map(
  p => p.getBoundingClientRect().bottom))"""
_PANELS = """() => [...document.querySelectorAll('[data-panelid]')].map(p => {
  const content = p.querySelector('[class*="panel-content"]');
  return content && {
    title: p.querySelector('h6')?.textContent || '',
    error: p.querySelector('[aria-label="Panel status"]')?.getAttribute('title') ??
      (p.querySelector('[aria-label="Panel status"]') ? 'error' : null),
    text: content.innerText.trim().slice(0, 400),
    drawn: content.querySelectorAll('canvas, [role=row], svg').length,
  };
}).filter(p => p)"""


def shoot(browser, shot):
    """Open one page in one size; return what its panels show."""
    page = browser.new_page(viewport={"width": shot["width"], "height": 1200}, color_scheme=shot["theme"])
    try:
        page.goto(shot["url"], wait_until="domcontentloaded", timeout=_WAIT_MS)
        page.wait_for_function(_DONE, timeout=_WAIT_MS)
        page.set_viewport_size({"width": shot["width"], "height": round(page.evaluate(_HEIGHT)) + _MARGIN})
        # What comes into sight now begins to load only now.
        page.wait_for_load_state("networkidle", timeout=_WAIT_MS)
        page.wait_for_function(_DONE, timeout=_WAIT_MS)
        page.screenshot(path=shot["file"])
        return page.evaluate(_PANELS)
    finally:
        page.close()


def main():
    """Take all pictures with one browser."""
    order = json.load(sys.stdin)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=order["chromium"], args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        json.dump([shoot(browser, shot) for shot in order["shots"]], sys.stdout)
        browser.close()


if __name__ == "__main__":
    main()
