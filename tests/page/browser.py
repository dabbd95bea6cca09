"""A real browser for the page's tests, or a plain reason why there is none."""

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip


def start(profile: Path) -> Iterator[Any]:
    """One headless browser with a fresh profile; skips where none is installed."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver_path = shutil.which("chromedriver")
    if browser is None or driver_path is None:
        pytest.skip("no chromium or no chromedriver on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # It makes a socket in its temporary folder, whose path may have 107 bytes at most.
    short = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    driver = webdriver.Chrome(options=options, service=Service(driver_path, env=short))
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver: Any, width: int, height: int = 900) -> None:
    """Give the page a screen of this size; narrow ones behave like a phone's."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )


def scheme(driver: Any, name: str, media: str = "screen") -> None:
    """Ask for the light or dark look, on screen or on paper, and that nothing glides."""
    wishes = {"prefers-color-scheme": name, "prefers-reduced-motion": "reduce"}
    features = [{"name": key, "value": value} for key, value in wishes.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def screenshot(driver: Any, path: Path) -> None:
    """The whole page as PNG, to look at while working on it."""
    size = driver.execute_script(
        "const e = document.documentElement; return [e.scrollWidth, e.scrollHeight];"
    )
    clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
    shot = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    path.write_bytes(base64.b64decode(shot["data"]))


def opened(driver: Any, path: Path, address: str = "") -> Any:
    """The page, freshly loaded, with nothing in the logs but what it does itself."""
    resize(driver, 1280)
    scheme(driver, "light")
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get("about:blank")  # a mere change of the hash would not load the page again
    driver.get(path.as_uri() + address)
    return driver


def js(driver: Any, code: str, *args: Any) -> Any:
    """What the code returns in the page."""
    return driver.execute_script(code, *args)


def wait(driver: Any, code: str, *args: Any) -> None:
    """Wait until the code is true: the browser tells of opened details and hashes a bit later."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 20, 0.02).until(lambda d: js(d, f"return {code}", *args))


def unfold(driver: Any) -> None:
    """Open every problem and wait until each is unpacked."""
    js(driver, "document.querySelectorAll('details').forEach(d => { d.open = true; })")
    wait(driver, "document.querySelector('.problem:not([data-filled])') === null")


def width(driver: Any) -> tuple[int, int]:
    """Pixels that the page wants across, and those that it has."""
    code = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    wanted, there = js(driver, code)
    return wanted, there


def press(driver: Any, *keys: str) -> None:
    """Type these keys, wherever the focus is."""
    from selenium.webdriver import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def tab_to(driver: Any, selector: str, limit: int = 120) -> None:
    """Walk with the Tab key alone until the focus is on what the selector names.

    Keys go in bunches, which is much faster; what lies past the place is walked back.
    """
    from selenium.webdriver import Keys

    js(
        driver,
        "window.walked = []; window.walk ||= addEventListener("
        "'focusin', event => window.walked.push(event.target)) || true",
    )
    bunch = 20
    for _ in range(0, limit, bunch):
        js(driver, "window.walked.length = 0")
        press(driver, Keys.TAB * bunch)
        code = "return window.walked.findIndex(node => node.matches(arguments[0]))"
        if (place := js(driver, code, selector)) >= 0:
            total = js(driver, "return window.walked.length")
            with_shift(driver, Keys.TAB * (total - 1 - place))
            assert js(driver, "return document.activeElement.matches(arguments[0])", selector)
            return
    pytest.fail(f"no way by keyboard to {selector}")


def with_shift(driver: Any, keys: str) -> None:
    """Type these keys with Shift held down."""
    from selenium.webdriver import ActionChains, Keys

    ActionChains(driver).key_down(Keys.SHIFT).send_keys(keys).key_up(Keys.SHIFT).perform()


def requests(driver: Any) -> list[str]:
    """Addresses asked for, the page itself and its data links left out."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    own = driver.current_url.split("#")[0]
    return [u for u in urls if not u.startswith(("data:", "about:")) and u.split("#")[0] != own]
