# %%
# as in the reference: 1. A table

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance

# %% [markdown]
# <script>document.title = "planted"</script> <img src=x onerror="document.title='planted'">
# [a link](javascript:document.title='planted') ![p](http://127.0.0.1/planted.png)

# %%
from IPython.display import HTML, SVG, Javascript, Markdown, display

script = "<script>document.title = 'planted'</script>"
display(HTML(f"{script}<img src=x onerror=\"document.title='planted'\"><iframe src='//127.0.0.1'>"))
display(Javascript("document.title = 'planted'"))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload='planted()'>{script}</svg>"))
display(Markdown(f"{script} [link](javascript:planted())"))
display({"image/png": "'\"><script>planted()</script>"}, raw=True)
print(f"</pre></main>{script}<style>*{{display:none}}</style>")


class PlantedError(Exception):
    pass


PlantedError.__name__ = script
raise PlantedError(f"</pre>{script}")
