# The page for a group: see "Run it for a group" in README.md, and compose.yaml for a proxy in front of it.
FROM python:3.11-slim AS build

# Index that torch, torchvision and torchaudio come from. Empty, as by default: the package index, whose wheels for Linux
# on x86-64 bring CUDA and run without a GPU too. For machines without one, name PyTorch's CPU index, as the selector on
# PyTorch's site prints it: the image is 4 GB smaller.
ARG TORCH_INDEX=""

ENV PATH=/opt/iaca/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/iaca
COPY requirements.txt ./
# The largest packages have a layer of their own, which only their new versions build again.
RUN grep -E "^torch(vision|audio)?==" requirements.txt > torch.txt && pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt
RUN grep -v "^-e" requirements.txt > pinned.txt && pip install -r pinned.txt
COPY pyproject.toml README.md LICENSE ./
COPY checkpoints checkpoints
COPY demo demo
COPY iaca iaca
COPY dashboard dashboard
RUN pip install --no-deps . && pip check

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home iaca && mkdir /data /cache && chown iaca /cache
COPY --from=build /opt/iaca /opt/iaca
ENV PATH=/opt/iaca/bin:$PATH PYTHONUNBUFFERED=1 IACA_CACHE=/cache MPLCONFIGDIR=/cache/matplotlib
USER iaca
WORKDIR /home/iaca
VOLUME /cache
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/iaca/health', timeout=8)"]
ENTRYPOINT ["iaca"]
CMD ["dashboard", "--host", "0.0.0.0", "--port", "8501", "--no-browser", "--locked", "--log-json", "--log-level", "info"]
