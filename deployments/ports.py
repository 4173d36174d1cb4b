"""Are the ports free? Asked before anything is started."""

import errno
import socket

from core.settings import Settings
from deployments.home import StartTrouble


def obstacle(setting: str, host: str, port: int) -> str | None:
    """Why a server can't listen there and what to do about it; None when it can. `setting` is the beginning of the
    names of the two settings, such as `VUTLER`."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return _not_ours(setting, host)
    for family, kind, protocol, _, address in places:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
                probe.listen(1)
            except OSError as error:
                return _reason(error, setting, host, port)
    return None


def _not_ours(setting: str, host: str) -> str:
    return f"the address {host!r} is not one of this machine. Set {setting}_HOST to one that is, such as 127.0.0.1."


def _reason(error: OSError, setting: str, host: str, port: int) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return _not_ours(setting, host)
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is taken by another program (ss -ltnp 'sport = :{port}' names it)."
            f" Stop that program, or set {setting}_PORT to a free one."
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has. Set {setting}_PORT to one from 1024 on."
    return f"port {port} on {host} can't be used: {error.strerror}. Set {setting}_PORT to another one."


def require_free(settings: Settings) -> None:
    """Raises `StartTrouble`."""
    wanted = [("VUTLER", settings.host, settings.port)]
    if settings.owns_prefect:
        wanted.append(("VUTLER_PREFECT", settings.prefect_host, settings.prefect_port))
    if len({(host, port) for _, host, port in wanted}) < len(wanted):
        raise StartTrouble("VUTLER_PORT and VUTLER_PREFECT_PORT are the same. Give them two different ports.")
    for setting, host, port in wanted:
        if (why := obstacle(setting, host, port)) is not None:
            raise StartTrouble(f"Vutler can't listen: {why}")
