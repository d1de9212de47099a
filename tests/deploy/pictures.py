"""Opens dashboards in Debian's Chromium, says what each panel shows, and takes pictures. Run by the tools' Python.

Standard input: JSON {"chromium": path, "pages": [{"url", "pictures": [{"file", "width"}]}]}. Standard output: JSON, for
each picture of each page a list of {"title", "error", "text", "drawn"}.
"""

import json
import sys

from playwright.sync_api import sync_playwright

#: Waited for only where a page is not ready: a busy machine takes its time.
_WAIT_MS = 180_000
_MARGIN = 40

#: Every panel has been let in by Grafana, none loads, and each has drawn something or says why not. Headings of rows
#: have a panel's id but no content.
_DONE = """() => {
  const panels = [...document.querySelectorAll('[data-panelid]')].filter(p => p.querySelector('h6'));
  return panels.length > 0 && !document.querySelector('[aria-label="Panel loading bar"]') && panels.every(p => {
    const content = p.querySelector('[class*="panel-content"]');
    if (!content) return false;
    const canvas = content.querySelector('canvas');
    // A canvas is there before anything is drawn on it.
    if (canvas) return canvas.width > 0 &&
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value);
    return content.innerText.trim();
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
    drawn: content.querySelectorAll('canvas, [role=row]').length,
  };
}).filter(p => p)"""


def look(browser, wanted):
    """Open one page, in one width after the other; return for each what its panels show."""
    page = browser.new_page(viewport={"width": wanted["pictures"][0]["width"], "height": 1200})
    page.set_default_timeout(_WAIT_MS)
    try:
        page.goto(wanted["url"], wait_until="domcontentloaded")
        return [_picture(page, picture) for picture in wanted["pictures"]]
    finally:
        page.close()


def _picture(page, picture):
    page.set_viewport_size({"width": picture["width"], "height": 1200})
    page.wait_for_function(_DONE)
    page.set_viewport_size({"width": picture["width"], "height": round(page.evaluate(_HEIGHT)) + _MARGIN})
    # What comes into sight now begins to load only now.
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_DONE)
    page.screenshot(path=picture["file"])
    return page.evaluate(_PANELS)


def main():
    """Take all pictures with one browser."""
    order = json.load(sys.stdin)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=order["chromium"], args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        json.dump([seen for wanted in order["pages"] for seen in look(browser, wanted)], sys.stdout)
        browser.close()


if __name__ == "__main__":
    main()
