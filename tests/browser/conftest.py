"""A browser for the tests, and pages that count what they should not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, Route, sync_playwright

from scanner.model.report import Comparison, Report
from scanner.report.base import ReportView, formats


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; nothing is downloaded."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is missing: run `make browser`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Watched(msgspec.Struct):
    """An open report and everything that it tried to do beyond being shown."""

    page: Page
    requests: list[str]
    """Requests other than that of the file itself; all are refused."""
    dialogs: list[str]
    errors: list[str]
    """Messages of the console, exceptions of the script; violations of the policy are among them."""

    def is_quiet(self) -> bool:
        """Nothing was asked for, nothing was shown, nothing went wrong."""
        return not self.requests and not self.dialogs and not self.errors


class Reader:
    """Opens reports in a fresh context each, and closes them at the end of a test."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[BrowserContext] = []

    def write(self, content: Report | Comparison, *, excerpts: bool = True) -> Path:
        """The report as a file."""
        path = self._folder / f"report-{len(self._contexts)}.html"
        path.write_text(formats()["html"].render(ReportView(content=content, excerpts=excerpts)), "utf-8")
        return path

    def open(
        self, path: Path, fragment: str = "", *, dark: bool = False, width: int = 1280, script: bool = True
    ) -> Watched:
        """Read the file as a reviewer does, from the disk."""
        context = self._browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
        )
        self._contexts.append(context)
        page = context.new_page()
        watched = Watched(page, [], [], [])
        own = path.as_uri()

        def answer(route: Route, request: Request) -> None:
            if request.url.split("#")[0] == own:
                route.continue_()
            else:
                watched.requests.append(request.url)
                route.abort()

        context.route("**/*", answer)

        def dismiss(dialog: Dialog) -> None:
            watched.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        page.on("console", lambda message: watched.errors.append(message.text))
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.goto(own + fragment)
        return watched

    def close(self) -> None:
        """End every context."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def reader(browser: Browser, tmp_path: Path) -> Iterator[Reader]:
    found = Reader(browser, tmp_path)
    yield found
    found.close()
