"""Connections, agents and numbers."""

import agents.models
import dashboard.fields
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('agents', '0001_initial'),
        ('agents', '0002_initial'),
        ('agents', '0003_lane_starts'),
        ('agents', '0004_sync_progress'),
        ('agents', '0005_requests_clock'),
    ]

    dependencies = [
        ('dashboard', '0001_first_version'),
    ]

    operations = [
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('check_results', models.JSONField(default=list)),
                ('synced_at', models.DateTimeField(blank=True, null=True)),
                ('sync_error', models.TextField(blank=True)),
                ('sync_asked_at', models.DateTimeField(blank=True, null=True)),
                ('sync_seen_at', models.DateTimeField(blank=True, null=True)),
                ('sync_ended_at', models.DateTimeField(blank=True, null=True)),
                ('sync_progress', models.JSONField(default=dict)),
                ('sync_counts', models.JSONField(default=dict)),
                ('asks_until', models.DateTimeField(blank=True, null=True)),
                ('first_event_at', models.DateTimeField(blank=True, null=True)),
                ('refused_event_at', models.DateTimeField(blank=True, null=True)),
                ('cps', models.DecimalField(decimal_places=2, default=1, max_digits=5)),
                ('starts', models.JSONField(default=list)),
                ('wake_at', models.DateTimeField(blank=True, null=True)),
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connections', to='dashboard.workspace')),
                ('provider', models.CharField(max_length=20)),
                ('name', models.CharField(max_length=80)),
                ('base_url', models.CharField(blank=True, max_length=300)),
                ('credentials', dashboard.fields.EncryptedJSONField(default=dict)),
                ('webhook_token', models.CharField(default=agents.models.webhook_token, editable=False, max_length=64, unique=True)),
                ('concurrency', models.PositiveIntegerField(default=20)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'name'), name='connection_name_once'), models.CheckConstraint(condition=models.Q(('cps__gt', 0)), name='connection_cps_positive')],
            },
        ),
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='agents', to='dashboard.workspace')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agents', to='agents.connection')),
                ('provider_agent_id', models.CharField(max_length=120)),
                ('name', models.CharField(max_length=200)),
                ('settings', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['name'],
                'indexes': [models.Index(fields=['workspace', 'name'], name='agent_by_name')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'provider_agent_id'), name='agent_once_per_connection')],
            },
        ),
        migrations.CreateModel(
            name='AgentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='agents.agent')),
                ('version', models.PositiveIntegerField()),
                ('is_published', models.BooleanField(default=False)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('prompt', models.TextField(blank=True)),
                ('opening_line', models.TextField(blank=True)),
                ('voice', models.CharField(blank=True, max_length=120)),
                ('model', models.CharField(blank=True, max_length=120)),
                ('language', models.CharField(blank=True, max_length=40)),
                ('variables', models.JSONField(default=list, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-version'],
                'constraints': [models.UniqueConstraint(fields=('agent', 'version'), name='version_once_per_agent')],
            },
        ),
        migrations.CreateModel(
            name='PhoneNumber',
            fields=[
                ('cps', models.DecimalField(decimal_places=2, default=1, max_digits=5)),
                ('starts', models.JSONField(default=list)),
                ('wake_at', models.DateTimeField(blank=True, null=True)),
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='numbers', to='dashboard.workspace')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='numbers', to='agents.connection')),
                ('number', models.CharField(max_length=20)),
                ('label', models.CharField(blank=True, max_length=120)),
                ('carrier', models.CharField(choices=[('twilio', 'Twilio'), ('telnyx', 'Telnyx'), ('custom', 'Custom telephony')], default='twilio', max_length=10)),
                ('countries', models.JSONField(blank=True, default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('theirs', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['label', 'number'],
                'indexes': [models.Index(fields=['workspace', 'number'], name='number_by_number')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'number'), name='number_once_per_connection'), models.CheckConstraint(condition=models.Q(('number__regex', '^\\+[1-9][0-9]{5,14}$'), ('carrier', 'custom'), _connector='OR'), name='number_is_e164'), models.CheckConstraint(condition=models.Q(('carrier__in', ['twilio', 'telnyx', 'custom'])), name='number_carrier_known'), models.CheckConstraint(condition=models.Q(('cps__gt', 0)), name='number_cps_positive')],
            },
        ),
        migrations.CreateModel(
            name='Binding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bindings', to='agents.phonenumber')),
                ('direction', models.CharField(choices=[('inbound', 'Inbound'), ('outbound', 'Outbound')], max_length=8)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='agents.agent')),
                ('version', models.PositiveIntegerField(blank=True, null=True)),
                ('weights', models.JSONField(blank=True, default=list)),
                ('bound_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('bound_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('number', 'direction'), name='one_active_binding_per_direction'), models.CheckConstraint(condition=models.Q(('direction__in', ['inbound', 'outbound'])), name='binding_direction_known')],
            },
        ),
    ]
