"""Write every file and table that is derived from the code. Run it after changing a check, a metric or an alert."""

from __future__ import annotations

from tools import aws, chart, dashboards, reference, tables

for path, content in (chart.files() | aws.files() | reference.files() | dashboards.files()).items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
tables.main()
