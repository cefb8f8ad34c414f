import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0004_sync_progress'),
        ('calls', '0010_exports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ErasedId',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_id', models.UUIDField()),
                ('kind', models.CharField(choices=[('recording', 'Recording'), ('transcript', 'Transcript'), ('webhooks', 'Raw webhooks'), ('call', 'The whole call')], max_length=10)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('counts', models.JSONField(default=dict)),
                ('rule', models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='RetentionPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recording_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)])),
                ('transcript_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)])),
                ('webhook_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)])),
                ('masks_reviewers', models.BooleanField(default=True)),
                ('masks_managers', models.BooleanField(default=False)),
                ('masks_keys', models.BooleanField(default=False)),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('looked_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='RetentionRun',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('recording', 'Recording'), ('transcript', 'Transcript'), ('webhooks', 'Raw webhooks'), ('call', 'The whole call')], max_length=10)),
                ('days', models.PositiveSmallIntegerField()),
                ('before', models.DateTimeField()),
                ('state', models.CharField(choices=[('running', 'Erasing'), ('done', 'Done'), ('stopped', 'Stopped')], default='running', max_length=7)),
                ('cursor', models.CharField(blank=True, max_length=80)),
                ('expected', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('counts', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='recording',
            name='recording_state_known',
        ),
        migrations.AlterField(
            model_name='recording',
            name='state',
            field=models.CharField(choices=[('pending', 'Being fetched'), ('kept', 'Kept here'), ('failed', 'Could not be fetched'), ('erased', 'Erased')], default='pending', max_length=7),
        ),
        migrations.AddConstraint(
            model_name='recording',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'kept', 'failed', 'erased'])), name='recording_state_known'),
        ),
        migrations.AddField(
            model_name='erasedid',
            name='connection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='erased_ids', to='agents.connection'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='api_key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to='dashboard.apikey'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='erasure',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='erasures', to='dashboard.workspace'),
        ),
        migrations.AddField(
            model_name='retentionpolicy',
            name='workspace',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='retention', to='dashboard.workspace'),
        ),
        migrations.AddField(
            model_name='retentionrun',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retentionrun',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='retention_runs', to='dashboard.workspace'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='run',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to='calls.retentionrun'),
        ),
        migrations.AddConstraint(
            model_name='erasedid',
            constraint=models.UniqueConstraint(fields=('connection', 'digest'), name='erased_id_once'),
        ),
        migrations.AddIndex(
            model_name='retentionpolicy',
            index=models.Index(fields=['next_at'], name='retention_due'),
        ),
        migrations.AddIndex(
            model_name='retentionrun',
            index=models.Index(fields=['workspace', '-created_at'], name='run_newest'),
        ),
        migrations.AddIndex(
            model_name='retentionrun',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['created_at'], name='run_open'),
        ),
        migrations.AddConstraint(
            model_name='retentionrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('workspace', 'kind'), name='one_run_of_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='retentionrun',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['recording', 'transcript', 'webhooks', 'call'])), name='run_kind_known'),
        ),
        migrations.AddIndex(
            model_name='erasure',
            index=models.Index(fields=['workspace', '-id'], name='erasure_newest'),
        ),
        migrations.AddIndex(
            model_name='erasure',
            index=models.Index(fields=['call_id'], name='erasure_of_call'),
        ),
        migrations.AddConstraint(
            model_name='erasure',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['recording', 'transcript', 'webhooks', 'call'])), name='erasure_kind_known'),
        ),
    ]
