"""What a visitor asked to see, as it stands in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

_LONGEST_QUERY = 200
_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """A filter, a page of the targets, and whether the document fetches itself anew."""

    query: str = ""
    """Only targets, and incidents, whose names hold this."""
    page: int = 1
    refreshes: bool = True

    @classmethod
    def of(cls, query_string: str) -> View:
        """Read an address's query; what makes no sense is as if it were not there."""
        fields = {name: values[-1] for name, values in parse_qs(query_string, max_num_fields=None).items()}
        page = fields.get("page", "1")
        return cls(
            query=fields.get("q", "").strip()[:_LONGEST_QUERY],
            page=min(max(int(page), 1), _LAST_PAGE) if page.isascii() and page.isdigit() else 1,
            refreshes=fields.get("refresh") != "off",
        )

    @property
    def address(self) -> str:
        """The query that leads here."""
        fields = {}
        if self.query:
            fields["q"] = self.query
        if self.page > 1:
            fields["page"] = str(self.page)
        if not self.refreshes:
            fields["refresh"] = "off"
        return "?" + urlencode(fields) if fields else "./"

    def matches(self, *names: str) -> bool:
        """Whether one of the names holds what is looked for."""
        sought = self.query.casefold()
        return not sought or any(sought in name.casefold() for name in names)

    def at(self, page: int) -> View:
        """Return the same view on another page."""
        return replace(self, page=page)

    def toggled(self) -> View:
        """Return the same view that fetches itself anew, or no longer does."""
        return replace(self, refreshes=not self.refreshes)
