"""What a test can see in a canvas."""

from playwright.sync_api import Page

COUNT = """([selector, colour]) => {
  const style = getComputedStyle(document.documentElement);
  const wanted = style.getPropertyValue(colour).trim();
  const rgb = [1, 3, 5].map((i) => parseInt(wanted.slice(i, i + 2), 16));
  const canvas = document.querySelector(selector);
  if (!canvas || canvas.width === 0) return 0;
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = rgb.every((part, k) => Math.abs(data[i + k] - part) < 12);
    if (near && data[i + 3] > 200) found++;
  }
  return found;
}"""


def pixels(page: Page, selector: str, colour: str) -> int:
    """How many pixels of a canvas have a colour of the theme, such as `--fearful`."""
    found: int = page.evaluate(COUNT, [selector, colour])
    return found


def wait_for_pixels(page: Page, selector: str, colour: str, least: int = 30) -> None:
    """Wait until a line of that colour is drawn. Raises playwright's TimeoutError."""
    page.wait_for_function(f"(args) => ({COUNT})(args) >= {least}", arg=[selector, colour])
