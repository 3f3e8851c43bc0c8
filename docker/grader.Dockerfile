# An image that grades: Debian, Python, bubblewrap, and the wheel with notebooks and torchvision.
#
#   make dist
#   docker build -f docker/grader.Dockerfile -t d2l-grader .
#   docker run --rm --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
#       -v "$PWD/class:/class" d2l-grader grade submissions --rubric rubric.toml --out grades
#
# Bubblewrap makes namespaces inside the container, which Docker's own filter forbids: hence the two
# options. As the image of `d2l run --isolation docker --image d2l-grader` it needs neither.
FROM python:3.13-slim-bookworm

# Versions of Debian's packages are those of the base image's release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

COPY dist/*.whl /tmp/dist/
# hadolint ignore=DL3013
RUN wheel="$(ls /tmp/dist/d2l-*.whl)" \
    && pip install --no-cache-dir "${wheel}[notebook,vision]" \
    && rm -r /tmp/dist

RUN useradd --create-home --uid 1000 grader
USER 1000
WORKDIR /class
ENTRYPOINT ["d2l"]
CMD ["doctor"]
