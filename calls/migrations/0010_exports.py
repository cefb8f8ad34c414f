import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import calls.models.exports


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0009_call_page'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('format', models.CharField(choices=[('csv', 'CSV, for spreadsheets'), ('jsonl', 'JSON Lines, one call a line'), ('parquet', 'Parquet, for analysis')], max_length=7)),
                ('query', models.TextField(blank=True)),
                ('words', models.TextField(blank=True)),
                ('columns', models.JSONField(default=list)),
                ('has_transcripts', models.BooleanField(default=False)),
                ('is_masked', models.BooleanField(default=True)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Writing'), ('done', 'Ready'), ('failed', 'Stopped'), ('canceled', 'Canceled'), ('expired', 'Deleted')], default='queued', max_length=8)),
                ('done', models.PositiveIntegerField(default=0)),
                ('expected', models.PositiveIntegerField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('file', models.FileField(blank=True, max_length=200, storage=calls.models.exports.store, upload_to='')),
                ('bytes', models.PositiveBigIntegerField(blank=True, null=True)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('downloads', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.AddField(
            model_name='export',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='export',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='dashboard.workspace'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(fields=['workspace', '-created_at'], name='export_newest'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(condition=models.Q(('state__in', ('queued', 'running'))), fields=['created_at'], name='export_to_write'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(condition=models.Q(('state', 'done')), fields=['expires_at'], name='export_to_drop'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'failed', 'canceled', 'expired'])), name='export_state_known'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('format__in', ['csv', 'jsonl', 'parquet'])), name='export_format_known'),
        ),
    ]
