"""The rights that docs/security.md grants a worker, set on a real broker with the StandardAuthorizer."""

import re
from pathlib import Path
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

PAGE = Path(__file__).parents[1] / "docs" / "security.md"

#: Denies what is not granted; the plain listener, which tests set things up by, may do all.
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "listener.name.mtls.ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
    "allow.everyone.if.no.acl.found": "false",
}

_RESOURCES = {"topic": 2, "group": 3, "transactional-id": 5}
_OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3


class Acl(NamedTuple):
    """One right: ``name`` ends with `*` where it is the beginning of a name."""

    resource: str
    name: str
    operation: str


def acls_of_docs():
    """Return the rights in the table of docs/security.md, with its placeholders."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [
        Acl(resource, name, operation)
        for resource, names, operations in rows
        for name in re.findall(r"`([^`]+)`", names)
        for operation in operations.split(", ")
    ]


def worker_acls(prefix, group):
    """Return them for one worker's names."""
    filled = [acl._replace(name=acl.name.replace("PREFIX", prefix).replace("GROUP", group)) for acl in acls_of_docs()]
    assert len(filled) > 20
    return filled


async def grant(bootstrap, principal, acls):
    """Grant rights to a principal, on a listener that may."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for resource, name, operation in acls:
            kind = _PREFIXED if name.endswith("*") else _LITERAL
            answer = await admin._send_request(
                CreateAclsRequest(
                    _RESOURCES[resource], name.removesuffix("*"), kind, principal, "*", _OPERATIONS[operation], _ALLOW
                )
            )
            assert [code for code, *_ in answer.creation_responses] == [0], answer
    finally:
        await admin.close()
