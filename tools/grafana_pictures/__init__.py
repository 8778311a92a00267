"""Pictures of the Grafana dashboards, drawn with components of Grafana itself."""
