"""Configuration of the documentation site; `make docs` builds it.

`D2L_REPOSITORY_URL` in the environment, such as `https://github.com/OWNER/NAME`, is the address of
the repository. With it, links to source files lead there and each lesson has links to GitHub and
Colab; without it the site shows the source files itself.

Formulas become MathML when a page is built (`tools/site/formulas.py`): browsers draw it without a
script, so a page needs nothing from another server. MathJax, Sphinx's default, is loaded from one.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from d2l import __version__

project = "d2l"
author = "the d2l 2 contributors"
copyright = author
version = release = __version__

extensions = ["myst_nb", "sphinx_copybutton", "tools.site.formulas", "tools.site.repository_links"]
exclude_patterns = ["lessons/download", "conf.py"]
repository_url = os.environ.get("D2L_REPOSITORY_URL", "").rstrip("/")

myst_enable_extensions = ["amsmath", "attrs_inline", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # `d2l lessons run` has executed them
nb_merge_streams = True
nb_ipywidgets_js = {}  # else a page with widgets loads scripts from other servers

html_theme = "furo"
html_title = "d2l 2"
html_favicon = "_static/icon.svg"
pygments_dark_style = "monokai"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
