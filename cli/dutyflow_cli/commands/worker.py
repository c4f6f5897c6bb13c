"""`dutyflow worker`: fires what is due and delivers messages, until it is told to stop."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import InputError, MisuseError
from dutyflow.wording import say
from dutyflow.worker.pace import Pace
from dutyflow.worker.worker import Worker
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.handlers import Channels, handlers_of, host_and_port
from dutyflow_cli.logs import JSON, TEXT, logging_as
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.stores import store_option, store_url

if TYPE_CHECKING:  # the library behind it may not be there
    from dutyflow.adapters.metrics import Metrics


@bilingual_command(
    "worker",
    Help(
        zh="""让时间起作用：到期的预警、超时、升级和定时事件按各自的时刻发生，通知送到 webhook、邮件或日志。

        同一个库可以同时有几个 worker。收到 SIGTERM 或 Ctrl-C 就做完手头的事再结束；再收到一次立即结束。
        没有配置收件方时通知留着，不会丢。""",
        en="""Let time pass: warnings, breaches, escalations and timed events happen at their moments; messages go out.

        Any number of workers may share a store. SIGTERM or Ctrl-C lets it finish what is in hand; a second one ends it
        at once. Without a webhook, a mail server or the log, messages wait and none is lost.""",
        examples=(
            "dutyflow worker --store sqlite:///desk.db --log-messages",
            "dutyflow worker --webhook https://example.com/inbox --secret env:WEBHOOK_SECRET --listen 127.0.0.1:8701",
            "dutyflow worker --smtp mail.example.com:587 --mail-from desk@example.com --mail-to addresses.txt",
            "dutyflow worker --once --log-messages",
        ),
    ),
)
@store_option
@option("--webhook", metavar="URL", zh="通知发到的网址。", en="The address that messages are posted to.")
@option(
    "--secret",
    metavar="SOURCE",
    zh="webhook 的签名密钥：env:变量名 或 file:路径。",
    en="The secret that webhooks are signed with: env:NAME or file:PATH.",
)
@option("--allow-private", is_flag=True, zh="允许发到内网地址。", en="Let the webhook be an address inside the house.")
@option("--smtp", metavar="HOST:PORT", zh="发信服务器。", en="The mail server.")
@option(
    "--smtp-security",
    type=click.Choice(["starttls", "tls", "none"]),
    default="starttls",
    show_default=True,
    zh="与发信服务器的加密方式。",
    en="How the connection to the mail server is encrypted.",
)
@option("--smtp-user", metavar="NAME", zh="发信服务器的用户名。", en="The user at the mail server.")
@option(
    "--smtp-password",
    metavar="SOURCE",
    zh="发信服务器的密码：env:变量名 或 file:路径。",
    en="The password at the mail server: env:NAME or file:PATH.",
)
@option("--mail-from", metavar="ADDRESS", zh="邮件的发件人。", en="Who mails come from.")
@option(
    "--mail-to",
    metavar="ID=ADDRESS|FILE",
    multiple=True,
    zh="人员或角色的邮箱，可重复；或一个每行写一条的文件。",
    en="The address of a member or role, may be repeated; or a file with one a line.",
)
@option("--log-messages", is_flag=True, zh="把每条通知写进日志。", en="Write each message to the log.")
@option(
    "--listen",
    metavar="HOST:PORT",
    zh="在这里回答 /health、/ready 和 /metrics。",
    en="Answer /health, /ready and /metrics here.",
)
@option(
    "--pause",
    metavar="SECONDS",
    default="1s",
    show_default=True,
    zh="至少多久看一次有没有新的事。",
    en="How often at least to look for work.",
)
@option("--once", is_flag=True, zh="做完现在到期的就结束。", en="Do what is due now, then end.")
@option(
    "--log-format",
    type=click.Choice([TEXT, JSON]),
    default=TEXT,
    show_default=True,
    zh="日志（stderr）的形式。",
    en="The form of the log, which goes to stderr.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    store: str | None,
    listen: str | None,
    pause: str,
    once: bool,
    log_format: str,
    **channels: Any,
) -> int:
    """See the words above."""
    settings = settings_of(context)
    handlers = handlers_of(Channels(**channels), settings)
    pace = Pace(pause_seconds=_seconds(pause, settings))
    address = host_and_port(listen, "--listen", settings) if listen is not None else None
    metrics = _metrics()
    with logging_as(log_format), ExitStack() as stack:
        url = store_url(store, settings)
        engine = stack.enter_context(Engine.open(url, clock=settings.clock, observer=metrics))
        worker = engine.worker(handlers, pace=pace)
        if address is not None:
            _listen(stack, address, engine, worker, metrics, settings)
        if once:
            while not worker.run_once().is_idle:
                pass
        else:
            _run(worker)
    return ExitCode.FINE


def _metrics() -> Metrics | None:
    """The metrics, where the library for them is installed."""
    try:
        from dutyflow.adapters.metrics import Metrics
    except MisuseError:
        return None
    return Metrics()


def _listen(
    stack: ExitStack,
    address: tuple[str, int],
    engine: Engine,
    worker: Worker,
    metrics: Metrics | None,
    settings: Settings,
) -> None:
    from dutyflow.adapters.status import StatusServer

    if metrics is not None:
        metrics.watch(engine.store, engine.clock)
    host, port = address
    text = metrics.text if metrics is not None else None
    try:
        server = stack.enter_context(StatusServer(host, port, health=worker.health, metrics=text))
    except OSError as error:
        reason = error.strerror or str(error)
        said = say("cli_worker.cannot_listen", settings.lang, address=f"{host}:{port}", reason=reason)
        raise InputError(said) from error
    click.echo(say("cli_worker.listens", settings.lang, address=f"http://{host}:{server.port}"), err=True)


def _run(worker: Worker) -> None:
    """Work until a signal comes.

    The worker has a thread of its own: a signal interrupts this one, which must not hold a lock that stopping takes.
    A second signal may come while the first is being answered, and then takes no lock at all.
    """
    thread = Thread(target=worker.run, name="dutyflow-worker")
    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            os._exit(128 + number)
        worker.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        thread.start()
        thread.join()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _seconds(text: str, settings: Settings) -> float:
    """`1s`, `0.5s` or a number alone."""
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 60:
        raise click.UsageError(say("cli_worker.not_a_pause", settings.lang, text=text))
    return seconds
