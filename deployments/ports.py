"""Are the ports free? Asked before anything is started."""

import errno
import socket

from core.settings import Settings
from deployments.home import StartTrouble


def taken(host: str, port: int) -> str | None:
    """Why a server can't listen there; None when it can."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return f"the address {host!r} is not one of this machine"
    for family, kind, protocol, _, address in places:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
                probe.listen(1)
            except OSError as error:
                return _reason(error, host, port)
    return None


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program (ss -ltnp 'sport = :{port}' names it)"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has (ports below 1024 do)"
    return f"port {port} on {host} can't be used: {error.strerror}"


def require_free(settings: Settings) -> None:
    """Raises `StartTrouble`."""
    wanted = [("VUTLER", settings.host, settings.port)]
    if settings.owns_prefect:
        wanted.append(("VUTLER_PREFECT", settings.prefect_host, settings.prefect_port))
    if len({(host, port) for _, host, port in wanted}) < len(wanted):
        raise StartTrouble("VUTLER_PORT and VUTLER_PREFECT_PORT are the same. Give them two different ports.")
    for setting, host, port in wanted:
        if (why := taken(host, port)) is not None:
            raise StartTrouble(f"Vutler can't listen: {why}. Stop that program, or set {setting}_PORT to a free one.")
