# An image that trains on NVIDIA GPUs: PyTorch's own, with the wheel next to the PyTorch in it.
#
#   make dist
#   docker build -f docker/gpu.Dockerfile -t d2l-gpu .
#   docker run --rm --gpus all --ipc host -v "$PWD:/work" d2l-gpu train mlp --epochs 10
FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime

COPY dist/*.whl /tmp/dist/
# The PyTorch of the image satisfies the wheel, and the constraint has pip leave it as it is.
# hadolint ignore=DL3013
RUN wheel="$(ls /tmp/dist/d2l-*.whl)" \
    && python -c "import torch; print('torch==' + torch.__version__.partition('+')[0])" \
        > /tmp/dist/constraints.txt \
    && pip install --no-cache-dir --constraint /tmp/dist/constraints.txt "${wheel}[records]" \
    && rm -r /tmp/dist

RUN useradd --create-home --uid 1001 student
USER 1001
WORKDIR /work
ENTRYPOINT ["d2l"]
CMD ["doctor"]
