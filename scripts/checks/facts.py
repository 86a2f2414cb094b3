"""What the user gave, and what is known of the stack and of the test message."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """What the user gave."""

    stack: str
    url: str | None = None
    """That of the webhook, if it is not the stack's `WebhookUrl`."""
    channel: str | None = None
    wait: bool = True
    """Whether to wait for the metrics."""
    region: str | None = None
    """That of the stack, if it is neither that of samconfig.toml nor the shell's."""


@dataclass
class Stack:
    """What CloudFormation says about the stack."""

    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    """Physical ids by logical ids."""
    alarms: list[str] = field(default_factory=list)
    """Their names."""
    created: float = 0.0


@dataclass
class Message:
    """The test message."""

    sent: float = 0.0
    received_before: float = 0.0
    """The sum of the metric `Received` before it was sent, since the same minute."""
    delivered: bool = False
