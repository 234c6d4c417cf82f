"""Programs that are handed to the chart's hub pod and run there with its Python alone: they import nothing of ours."""
