"""Line tests: run from a point by its join link or by somebody signed in, and what came of them."""

from __future__ import annotations

from pydantic import Field, TypeAdapter

from core.errors import BadInput, Conflict, NotFound, Refused, TooMany, Unavailable
from core.linetest import LineTestNow, OpenLineTest, PageFigures
from core.model import CodeText, Grade, Model, NameText, Role, SlotName, Track, point_participant
from monitor.linetests.model import LineTestResult, LineTestRow
from scheduler.choosing_model import Choice
from scheduler.plan.model import ProfileName
from signaling.protocol import IceServer
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.routes_directory import CONSOLES, ORGANIZER

TESTERS = frozenset({Role.OPERATOR, Role.TECHNICIAN, Role.ORGANIZER})


class LineTestOffer(Model):
    """One SDP offer; `receive` and `send` say, by mid, what each m-line is for."""

    sdp: str = Field(max_length=64 * 1024)
    receive: dict[str, SlotName] = Field(max_length=8)
    send: dict[str, Track] = Field(max_length=8)


class TestedPoint(Model):
    """Whose line is to be tested, and the relays that its connection may use."""

    point: CodeText
    name: NameText
    relays: tuple[IceServer, ...]


class LineTestAnswer(Model):
    """The answer to an offer. The test begins when media has connected and takes about `seconds`."""

    test: str
    sdp: str
    seconds: float


class LineTestList(Model):
    """A point's tests, newest first."""

    tests: tuple[LineTestResult, ...]


class TestedQuery(Model):
    """Whose newest tests, and the profile that they are to carry."""

    choice: Choice
    profile: ProfileName


class TestedLines(Model):
    """How the chosen points' newest tests fare: `too_thin` do not carry the profile, `ill` were poor otherwise."""

    points: int
    tested: int
    too_thin: tuple[LineTestRow, ...]
    ill: tuple[LineTestRow, ...]


async def describe_own_test(ask: Ask[Nothing]) -> TestedPoint:
    """The point of a join link."""
    return await _describe(ask, _own(ask))


async def describe_test(ask: Ask[Nothing]) -> TestedPoint:
    """The point, for somebody signed in who sits there."""
    return await _describe(ask, ask.code("point", "point.unknown"))


async def open_own_test(ask: Ask[LineTestOffer]) -> LineTestAnswer:
    """Begins a test at the point of a join link."""
    point = _own(ask)
    return await _open(ask, point, point_participant(point))


async def open_test(ask: Ask[LineTestOffer]) -> LineTestAnswer:
    """Begins a test at a point."""
    point = ask.code("point", "point.unknown")
    await ask.context.scheduler.point(point)
    return await _open(ask, point, ask.person.username)


async def look_at_test(ask: Ask[Nothing]) -> LineTestNow:
    """Where a test stands."""
    return await ask.context.line_tests.look(ask.request.match_info["test"])


async def finish_test(ask: Ask[PageFigures]) -> LineTestResult:
    """The endpoint's own figures of a test that is over; returns the verdict, which is kept."""
    return await ask.context.line_tests.finish(ask.request.match_info["test"], ask.input)


async def cancel_test(ask: Ask[Nothing]) -> Model:
    """Ends a test; nothing of it is kept."""
    await ask.context.line_tests.cancel(ask.request.match_info["test"])
    return Nothing()


async def list_tests(ask: Ask[Nothing]) -> LineTestList:
    """What came of a point's latest tests."""
    return LineTestList(tests=tuple(await ask.context.monitor.line_tests.of_point(ask.code("point", "point.unknown"))))


async def find_tested_lines(ask: Ask[TestedQuery]) -> TestedLines:
    """What is known, before booking, of the lines of the points that are chosen."""
    chosen = await ask.context.office.choosing.resolve(ask.input.choice)
    rows = await ask.context.monitor.line_tests.newest([point.code for point in chosen.points])
    order = list(ProfileName)
    heavy = order.index(ask.input.profile)
    thin, ill = [], []
    for row in rows:
        if row.carries is None or order.index(ProfileName(row.carries)) > heavy:
            thin.append(row)
        elif row.grade is Grade.POOR:
            ill.append(row)
    return TestedLines(points=chosen.count, tested=len(rows), too_thin=tuple(thin), ill=tuple(ill))


def _own(ask: Ask[Nothing] | Ask[LineTestOffer]) -> str:
    right = ask.context.signer.join_right(ask.request.match_info["token"], ask.context.clock.now())
    if right.participant.role is not Role.OPERATOR or right.participant.point is None:
        raise Refused("linetest.not_a_hall", "Only a point's line can be tested.")
    return right.participant.point


async def _describe(ask: Ask[Nothing], point: str) -> TestedPoint:
    found = await ask.context.scheduler.point(point)
    return TestedPoint(point=found.code, name=found.name, relays=ask.context.line_tests.relays(point))


async def _open(ask: Ask[LineTestOffer], point: str, by: str) -> LineTestAnswer:
    offer = OpenLineTest(point=point, **{name: getattr(ask.input, name) for name in LineTestOffer.model_fields})
    opened = await ask.context.line_tests.open(offer, by)
    return LineTestAnswer(test=opened.test, sdp=opened.sdp, seconds=opened.seconds)


_LINK: Errors = {
    Refused: ("join.expired", "join.invalid", "linetest.not_a_hall"),
    NotFound: ("directory.unknown_point",),
}
_OPENING: Errors = {
    BadInput: (
        "sdp.unreadable",
        "sdp.slots",
        "sdp.codec",
        "sdp.no_ice",
        "sdp.no_fingerprint",
        "sdp.line_too_long",
        "sdp.too_large",
        "sdp.too_many_media",
        "sdp.too_many_candidates",
    ),
    TooMany: ("linetest.too_often",),
    Unavailable: ("node.full", "node.stopped", "linetest.busy", "service.absent", "service.slow"),
}
_UNKNOWN: Errors = {NotFound: ("linetest.unknown", "point.unknown")}
_POINT = TypeAdapter(TestedPoint)
_ANSWER = TypeAdapter(LineTestAnswer)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/joins/{token}/line-test",
        "Whose line a join link may test",
        describe_own_test,
        Nothing,
        Source.NONE,
        reply=_POINT,
        roles=None,
        errors=_LINK,
    ),
    Endpoint(
        "POST",
        "/api/joins/{token}/line-test",
        "Begin a line test by a join link",
        open_own_test,
        LineTestOffer,
        Source.JSON,
        reply=_ANSWER,
        status=201,
        roles=None,
        errors={**_LINK, **_OPENING},
    ),
    Endpoint(
        "GET",
        "/api/points/{point}/line-test",
        "Whose line is to be tested",
        describe_test,
        Nothing,
        Source.NONE,
        reply=_POINT,
        roles=TESTERS,
        errors={NotFound: ("point.unknown", "directory.unknown_point")},
    ),
    Endpoint(
        "POST",
        "/api/points/{point}/line-test",
        "Begin a line test at a point",
        open_test,
        LineTestOffer,
        Source.JSON,
        reply=_ANSWER,
        status=201,
        roles=TESTERS,
        errors={NotFound: ("point.unknown", "directory.unknown_point"), **_OPENING},
    ),
    Endpoint(
        "GET",
        "/api/line-tests/{test}",
        "Where a line test stands",
        look_at_test,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(LineTestNow),
        roles=None,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "PUT",
        "/api/line-tests/{test}",
        "End a line test with the endpoint's figures",
        finish_test,
        PageFigures,
        Source.JSON,
        reply=TypeAdapter(LineTestResult),
        roles=None,
        errors={**_UNKNOWN, Conflict: ("linetest.running",)},
    ),
    Endpoint(
        "DELETE",
        "/api/line-tests/{test}",
        "Give up a line test",
        cancel_test,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Nothing),
        roles=None,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/points/{point}/line-tests",
        "A point's line tests",
        list_tests,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(LineTestList),
        roles=CONSOLES | {Role.OPERATOR},
        errors={NotFound: ("point.unknown",)},
    ),
    Endpoint(
        "POST",
        "/api/line-tests/newest",
        "How the lines of chosen points were when they were last tested",
        find_tested_lines,
        TestedQuery,
        Source.JSON,
        reply=TypeAdapter(TestedLines),
        roles=ORGANIZER,
        errors={BadInput: ("booking.unknown_unit", "booking.unknown_point", "choosing.unknown_audience")},
    ),
)
