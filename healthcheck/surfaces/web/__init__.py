"""Protection of the server by the web configuration format of Prometheus and its exporters."""
