"""Read and run notebooks, and render them as HTML pages."""
