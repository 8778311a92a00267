"""The status page: one self-contained document without scripts or foreign assets."""

from healthcheck.surfaces.page.document import content_security_policy, render
from healthcheck.surfaces.page.view import View

__all__ = ["View", "content_security_policy", "render"]
